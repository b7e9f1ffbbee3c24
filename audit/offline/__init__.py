"""What is carried away to check the log without us; `verify.py` imports nothing of ours."""
