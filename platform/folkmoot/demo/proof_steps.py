"""Steps 7 and 8: export the data set and read it back; verify the log, and a forged copy."""

from pathlib import Path

from audit.wrapping_keys import load_wrapping_keys
from folkmoot.demo.tale import SLUG, Tale
from folkmoot.demo.tampering import NEW_REASON, tamper_with_a_copy
from folkmoot.identity.permissions import Role
from folkmoot.kernel.errors import Conflict
from folkmoot_client import Folkmoot


def export(tale: Tale) -> None:
    """Step 7: three formats with a manifest, read back in three lines of Python."""
    tale.teller.step(7, "The data set, exported and read back")
    token = tale.people.staff[Role.TEAM].token
    data_set = Folkmoot(tale.url, token=token).data_set(SLUG)
    manifest = data_set.manifest
    for file_format in manifest["files"]:
        content = data_set.file(file_format)
        path = tale.folder / f"data-set-{data_set.number}.{file_format}"
        path.write_bytes(content)
        digest = manifest["files"][file_format]["digest"]
        tale.teller.say(f"{path.name}: {len(content):,} bytes, SHA-256 {digest[:16]}… checked")
    head, run = manifest["log"], manifest["consensus"]
    tale.teller.say(
        f"Manifest: consensus version {run['number']} by {run['method']}, "
        f"log head {head['root'][:16]}… at size {head['size']}."
    )
    table = data_set.to_pandas()
    lines = (
        "from folkmoot_client import Folkmoot",
        f'data_set = Folkmoot("{tale.url}", token="{token}").data_set("{SLUG}")',
        "table = data_set.to_pandas()",
    )
    for line in lines:
        tale.teller.say(f"   >>> {line}")
    tale.teller.say(
        f"{len(table)} rows; {int((table.origin == 'review').sum())} of them from reviewers, "
        f"mean confidence {table.confidence.mean():.3f}."
    )


def prove(tale: Tale, database: Path) -> None:
    """Step 8: the log is sound; a copy with one edited reason is not, and says where."""
    tale.teller.step(8, "The audit log, and a forged copy of it")
    officer = tale.people.officer
    job = officer.post("/log/verifications")
    tale.finished(officer, f"/jobs/{job['id']}")
    health = officer.get("/log/health")
    checked = health["last_verification"]
    tale.teller.say(
        f"Verified to entry {checked['size'] - 1}: {len(checked['findings'])} things wrong."
    )
    if checked["findings"]:
        raise Conflict(f"The log of the demo does not verify: {checked['findings'][0]}")
    forged = tamper_with_a_copy(
        database,
        tale.folder / "forged-copy.sqlite",
        verifier=health["verifier"],
        wrapping_keys=load_wrapping_keys(tale.services.settings),
    )
    tale.teller.say(f"In a COPY of the database: {forged.statement}")
    tale.teller.say(f"   with “{NEW_REASON}”. Verification of the copy says:")
    for finding in forged.verdict.findings:
        tale.teller.say(f"   entry {finding.leaf_index}: {finding.sentence}")
    if forged.verdict.is_sound:
        raise Conflict("The forged copy passed verification.")
