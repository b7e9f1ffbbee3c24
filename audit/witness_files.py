"""Files that a witness, or a log that asks witnesses, is set up by: policies and keys."""

from pathlib import Path

from audit.cosigning import CosignatureKind, CosigningKey
from audit.key_files import read_key_file, write_for_owner
from audit.signing_keys import MalformedKey
from audit.witness_policy import NO_WITNESSES, MalformedPolicy, WitnessPolicy
from folkmoot.kernel.errors import ConfigurationError


def load_policy(path: Path | None) -> WitnessPolicy:
    """Read a policy file; without one nobody is asked, and no checkpoint needs a cosignature."""
    if path is None:
        return NO_WITNESSES
    try:
        policy = WitnessPolicy.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"The policy {path} cannot be read: {error.strerror}.") from error
    except (MalformedPolicy, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The policy {path} cannot be followed. {error}") from error
    for witness in policy.witnesses:
        if witness.url and not witness.url.startswith(("https://", "http://")):
            raise ConfigurationError(f"In {path}, {witness.url} is no address to ask a witness at.")
    return policy


def load_cosigning_key(path: Path) -> CosigningKey:
    """Read a witness's key from a file."""
    try:
        return CosigningKey.parse(read_key_file(path, what="witness key").strip())
    except MalformedKey as error:
        raise ConfigurationError(f"The file {path} holds no witness key: {error}") from error


def write_new_cosigning_key(path: Path, *, name: str, kind: CosignatureKind) -> str:
    """Make a witness's key, write it for its owner alone, and return its public half."""
    try:
        key = CosigningKey.generate(name, kind)
    except MalformedKey as error:
        raise ConfigurationError(str(error)) from error
    write_for_owner(path, key.to_text() + "\n")
    return key.public.to_text()
