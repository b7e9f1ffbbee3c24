"""What a page may load, as the Content-Security-Policy says it to the browser."""


def content_policy(image_origins: str = "") -> str:
    """Return the policy: all from here, and pictures also from data addresses and named origins."""
    pictures = " ".join(("'self'", "data:", *image_origins.split()))
    return (
        f"default-src 'self'; script-src 'self'; style-src 'self'; img-src {pictures}; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


CONTENT_SECURITY_POLICY = content_policy()
