from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.merkle import EMPTY_ROOT, Checkpoint, NoteInvalid, Signer, Verifier, leaf_hash, open_note, sign_note

# the example in the documentation of Go's golang.org/x/mod/sumdb/note
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_SIGNED = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_SIGNED = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
PETER_PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"

# the example of C2SP tlog-checkpoint
C2SP_CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

OLGA = Signer("audit.example/olga", bytes(range(32)))
MILO = Signer("audit.example/milo", bytes(range(1, 33)))
ZOE = Signer("audit.example/zoe", bytes(range(2, 34)))
TEXT = Checkpoint("audit.example/log", 7, leaf_hash(b"olga")).format()


def signed(*signers: Signer) -> str:
    return sign_note(TEXT, *signers)


@pytest.mark.parametrize("vkeys", [[PETER], [ENOCH], [PETER, ENOCH]])
def test_note_of_the_go_documentation_opens(vkeys: list[str]) -> None:
    note = f"{GO_TEXT}\n{PETER_SIGNED}{ENOCH_SIGNED}"
    assert open_note(note, map(Verifier.parse, vkeys)) == GO_TEXT


def test_signing_gives_the_bytes_of_the_go_documentation() -> None:
    peter = Signer("PeterNeumann", b64decode(PETER_PRIVATE)[1:])
    assert peter.verifier.format() == PETER
    assert sign_note(GO_TEXT, peter) == f"{GO_TEXT}\n{PETER_SIGNED}"


def test_checkpoint_of_the_specification_is_read_and_written() -> None:
    checkpoint = Checkpoint.parse(C2SP_CHECKPOINT)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert checkpoint.format() == C2SP_CHECKPOINT


def test_signed_checkpoint_comes_back_as_it_was() -> None:
    checkpoint = Checkpoint("audit.example/log of Olga", 2**63 - 1, leaf_hash(b"milo"))
    note = sign_note(checkpoint.format(), OLGA)
    assert Checkpoint.parse(open_note(note, [OLGA.verifier])) == checkpoint


@given(text=st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]) | st.just("\n")).map("{}\n".format))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert open_note(sign_note(text, OLGA), [OLGA.verifier]) == text


def test_text_that_looks_like_a_note_stays_text() -> None:
    inner = signed(MILO)
    outer = sign_note(inner, OLGA)
    assert open_note(outer, [OLGA.verifier]) == inner
    with pytest.raises(NoteInvalid, match="no known key"):
        open_note(outer, [MILO.verifier])


@given(data=st.data())
def test_any_changed_character_spoils_the_note(data: st.DataObject) -> None:
    note = signed(OLGA)
    place = data.draw(st.integers(0, len(note) - 1))
    other = data.draw(st.characters().filter(lambda char: char != note[place]))
    with pytest.raises(NoteInvalid):
        open_note(note[:place] + other + note[place + 1 :], [OLGA.verifier])


def test_note_with_two_keys_opens_with_either() -> None:
    for verifier in (OLGA.verifier, MILO.verifier):
        assert open_note(signed(OLGA, MILO), [verifier]) == TEXT


def test_note_of_strangers_alone_is_refused() -> None:
    for verifiers in ([], [OLGA.verifier]):
        with pytest.raises(NoteInvalid, match="no known key signed the note"):
            open_note(signed(ZOE), verifiers)


def test_unknown_signatures_are_passed_over() -> None:
    witness = line_of("witness.example", b"\0\0\0\1" + bytes(5000))
    assert open_note(signed(ZOE, OLGA) + witness, [OLGA.verifier]) == TEXT


def test_key_that_shares_only_the_name_or_only_the_id_is_unknown() -> None:
    same_name = line_of(OLGA.verifier.name, b"\0\0\0\0" + bytes(64))
    same_id = line_of("zoe.example", OLGA.verifier.key_id + bytes(64))
    assert open_note(signed(OLGA) + same_name + same_id, [OLGA.verifier]) == TEXT


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_bad_signature_of_a_known_key_spoils_the_note(order: tuple[int, int]) -> None:
    lines = [signed(MILO).splitlines(keepends=True)[-1], line_of(OLGA.verifier.name, OLGA.verifier.key_id + bytes(64))]
    note = f"{TEXT}\n{lines[order[0]]}{lines[order[1]]}"
    assert open_note(note, [MILO.verifier]) == TEXT
    with pytest.raises(NoteInvalid, match=r"the signature of audit\.example/olga is not"):
        open_note(note, [OLGA.verifier, MILO.verifier])


def test_bad_second_signature_of_one_key_spoils_the_note() -> None:
    again = line_of(OLGA.verifier.name, OLGA.verifier.key_id + bytes(64))
    with pytest.raises(NoteInvalid, match="is not over this text"):
        open_note(signed(OLGA) + again, [OLGA.verifier])


def test_signature_over_another_text_is_refused() -> None:
    other = Checkpoint("audit.example/log", 8, leaf_hash(b"olga")).format()
    with pytest.raises(NoteInvalid, match="is not over this text"):
        open_note(signed(OLGA).replace(TEXT, other), [OLGA.verifier])


def test_a_hundred_signatures_are_read_and_no_more() -> None:
    strangers = "".join(line_of(f"w{number}.example", bytes(68)) for number in range(99))
    assert open_note(signed(OLGA) + strangers, [OLGA.verifier]) == TEXT
    with pytest.raises(NoteInvalid, match="100 signatures at most"):
        open_note(signed(OLGA) + strangers + line_of("w.example", bytes(68)), [OLGA.verifier])


def line_of(name: str, stamp: bytes) -> str:
    return f"— {name} {b64encode(stamp).decode()}\n"


GOOD_LINE = line_of("zoe.example", bytes(68))
NO_BREAK_NAME = "zoe\N{NO-BREAK SPACE}example"


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", "no empty line"),
        (TEXT, "no empty line"),
        (f"{TEXT}{GOOD_LINE}", "no empty line"),
        (f"{TEXT}\n", "does not end with a newline"),
        (f"{TEXT}\n{GOOD_LINE}".removesuffix("\n"), "does not end with a newline"),
        (f"{TEXT}\n{GOOD_LINE}{GOOD_LINE}".removesuffix("\n"), "does not end with a newline"),
        (f"{TEXT}\n{GOOD_LINE}".replace("—", "-"), "em dash"),
        (f"{TEXT}\n{GOOD_LINE}note\n", "em dash"),
        (f"{TEXT}\n— zoe.example\n", "too short"),
        (f"{TEXT}\n— zoe.example \n", "too short"),
        (f"{TEXT}\n{line_of('zoe.example', bytes(4))}", "too short"),
        (f"{TEXT}\n— zoe.example not base64\n", "not base64$"),
        (f"{TEXT}\n— zoe.example AAAAA\n", "not base64$"),
        (f"{TEXT}\n— zoe.example AAAAAAé=\n", "not base64$"),
        (f"{TEXT}\n— zoe.example AAAAAAB=\n", "only spelling"),
        (f"{TEXT}\n{line_of('', bytes(68))}", "key name"),
        (f"{TEXT}\n{line_of('zoe+example', bytes(68))}", "key name"),
        (f"{TEXT}\n{line_of(NO_BREAK_NAME, bytes(68))}", "key name"),
        (f"{TEXT}\r\n{GOOD_LINE}", "control characters"),
        (f"\x00{TEXT}\n{GOOD_LINE}", "control characters"),
        (f"\ud800{TEXT}\n{GOOD_LINE}", "UTF-8"),
    ],
)
def test_malformed_note_is_refused_with_its_reason(note: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=reason):
        open_note(note, [OLGA.verifier])


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "ends with a newline"), ("olga", "ends with a newline"), ("ol\tga\n", "control"), ("\udfff\n", "UTF-8")],
)
def test_text_that_no_reader_would_open_is_not_signed(text: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=reason):
        sign_note(text, OLGA)


@pytest.mark.parametrize("signers", [[], [OLGA] * 101])
def test_note_is_signed_by_at_least_one_and_not_by_too_many(signers: list[Signer]) -> None:
    with pytest.raises(NoteInvalid, match=f"1 to 100 signatures, not {len(signers)}"):
        sign_note(TEXT, *signers)


def test_verifier_key_comes_back_as_it_was() -> None:
    assert Verifier.parse(OLGA.verifier.format()) == OLGA.verifier
    assert OLGA.verifier.key_id.hex() in OLGA.verifier.format()


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        ("", "three parts"),
        ("PeterNeumann+c74f20a3", "three parts"),
        (PETER.replace("PeterNeumann", ""), "key name"),
        (PETER.replace("PeterNeumann", "Peter Neumann"), "key name"),
        (PETER.replace("PeterNeumann", "Peter\ud800"), "UTF-8"),
        (PETER.replace("PeterNeumann", "EnochRoot"), "key id"),
        (PETER.replace("c74f20a3", "c74f20a4"), "key id"),
        (PETER.replace("c74f20a3", "C74F20A3"), "key id"),
        (PETER.replace("c74f20a3", ""), "key id"),
        (PETER.replace("+ARpc", "+BBpc"), "not of type 1"),
        ("PeterNeumann+c74f20a3+", "not of type 1"),
        (PETER[:-4], "32 bytes, not 29"),
        (PETER[:-1], "not base64$"),
        (PETER + "\n", "not base64$"),
    ],
)
def test_malformed_verifier_key_is_refused_with_its_reason(vkey: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=reason):
        Verifier.parse(vkey)


def test_seed_of_another_length_is_refused() -> None:
    with pytest.raises(NoteInvalid, match="32 bytes, not 31"):
        Signer("audit.example/olga", bytes(31))


def test_signer_without_a_usable_name_is_refused() -> None:
    with pytest.raises(NoteInvalid, match="key name"):
        Signer("olga of audit", bytes(32))


def test_seed_is_not_in_what_a_signer_shows_of_itself() -> None:
    assert bytes(range(32)).hex() not in repr(OLGA)
    assert not hasattr(OLGA, "__dict__")


def test_extension_lines_are_read_but_not_written() -> None:
    checkpoint = Checkpoint.parse(f"{TEXT}first\n— second\n")
    assert checkpoint.extensions == ("first", "— second")
    with pytest.raises(NoteInvalid, match="without extension lines"):
        checkpoint.format()


def checkpoint_text(origin: str = "log", size: str = "7", root: bytes | str = EMPTY_ROOT) -> str:
    return f"{origin}\n{size}\n{root if isinstance(root, str) else b64encode(root).decode()}\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "three lines"),
        ("log\n7\n", "three lines"),
        (checkpoint_text().removesuffix("\n"), "three lines"),
        (checkpoint_text() + "one", "each ended by a newline"),
        (checkpoint_text(origin=""), "not empty"),
        (checkpoint_text() + "\n", "not empty"),
        (checkpoint_text() + "one\n\ntwo\n", "not empty"),
        (checkpoint_text(origin="l\x1fog"), "control"),
        (checkpoint_text(size=""), "plain decimal"),
        (checkpoint_text(size="07"), "plain decimal"),
        (checkpoint_text(size="+7"), "plain decimal"),
        (checkpoint_text(size="-7"), "plain decimal"),
        (checkpoint_text(size=" 7"), "plain decimal"),
        (checkpoint_text(size="7_0"), "plain decimal"),
        (checkpoint_text(size="1٧"), "plain decimal"),
        (checkpoint_text(size="1" * 5000), "plain decimal"),
        (checkpoint_text(size=str(2**63)), "not from 0 to"),
        (checkpoint_text(root=bytes(31)), "32 bytes, not 31"),
        (checkpoint_text(root=bytes(33)), "32 bytes, not 33"),
        (checkpoint_text(root="not base64$"), "not base64$"),
        (checkpoint_text(root=b64encode(bytes(32)).decode()[:-2] + "B="), "only spelling"),
    ],
)
def test_malformed_checkpoint_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(NoteInvalid, match=reason):
        Checkpoint.parse(text)


def test_empty_tree_has_a_checkpoint() -> None:
    assert Checkpoint.parse(checkpoint_text(size="0")) == Checkpoint("log", 0, EMPTY_ROOT)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, EMPTY_ROOT), ("log\n9", 1, EMPTY_ROOT), ("log", -1, EMPTY_ROOT), ("log", 1, b"short")],
)
def test_checkpoint_that_could_not_be_read_back_cannot_be_made(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(NoteInvalid):
        Checkpoint(origin, size, root)
