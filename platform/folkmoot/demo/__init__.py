"""The demo: the whole of Folkmoot's job, once, on real patients and a simulated crowd."""
