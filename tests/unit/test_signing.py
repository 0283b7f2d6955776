import base64
import json
import math
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contract import Band, ImageFacts, ModelIdentity, Prediction, Quality, QualityIssue
from web.signing import Seal, SignatureRefused, SigningKey, SigningSettings, canonicalize, parse_keys

OLD, NEW = SigningKey("k1", bytes(range(32))), SigningKey("k2", bytes(range(32, 64)))
SEAL = Seal([NEW, OLD])

words = st.text(min_size=1, max_size=40)
probabilities = st.floats(0, 1) | st.sampled_from([0.0, -0.0, 1.0, 1e-06, 1e-07, 5e-324, 0.1 + 0.2])
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-9))])
times = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=zones)
predictions = st.builds(
    Prediction,
    id=st.uuids(),
    created=times,
    label=words,
    decision=st.sampled_from(["benign", "malignant", "indeterminate"]),
    malignant_probability=probabilities,
    threshold=probabilities,
    band=st.none() | st.builds(Band, low=st.floats(0, 0.5), high=st.floats(0.5, 1)),
    probabilities=st.dictionaries(words, probabilities, min_size=1, max_size=4),
    quality=st.builds(
        Quality,
        usable=st.booleans(),
        issues=st.lists(st.builds(QualityIssue, code=words, message=words), max_size=2),
    ),
    model=st.builds(
        ModelIdentity, name=words, version=words, architecture=words, modality=words, sha256=digests
    ),
    image=st.builds(
        ImageFacts, sha256=digests, format=words, width=st.integers(1, 10**6), height=st.integers(1, 10**6)
    ),
    disclaimer=words,
)  # fmt: skip
thorough = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_trusted(prediction: Prediction, seal: Seal = SEAL) -> bool:
    try:
        seal.verify(prediction)
    except SignatureRefused:
        return False
    return True


def spell_number(value: float, draw: st.DrawFn) -> str:
    """Write the same double as some other program does."""
    ways = [repr(value), f"{value:.17g}", f"{value:.17E}", f"{value:.20e}"]
    if value == int(value):
        ways += [str(int(value)), f"{int(value)}.000", f"{int(value)}e0"]
    text = draw(st.sampled_from(ways))
    assert float(text) == value
    return text


def spell(value: object, draw: st.DrawFn) -> str:
    """Write JSON as some other program does: order, space, escapes, numbers; nulls come and go."""
    gap = draw(st.sampled_from(["", " ", "\n\t"]))
    if isinstance(value, dict):
        members = [item for item in value.items() if item[1] is not None or draw(st.booleans())]
        members = draw(st.permutations(members))
        inside = f",{gap}".join(f"{spell(name, draw)}:{gap}{spell(each, draw)}" for name, each in members)
        return "{" + inside + gap + "}"
    if isinstance(value, list):
        return "[" + f"{gap},".join(spell(each, draw) for each in value) + "]"
    if isinstance(value, float):
        return spell_number(value, draw)
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@thorough
@given(predictions, st.data())
def test_a_signature_survives_every_other_spelling_of_the_same_json(prediction, data):
    wire = json.loads(SEAL.sign(prediction).model_dump_json())
    again = Prediction.model_validate_json(spell(wire, data.draw))
    SEAL.verify(again)
    SEAL.verify(Prediction.model_validate(json.loads(spell(wire, data.draw))))


@thorough
@given(predictions, zones)
def test_a_signature_survives_the_same_moment_told_in_another_zone_and_the_id_in_capitals(prediction, zone):
    wire = json.loads(SEAL.sign(prediction).model_dump_json())
    wire |= {"created": prediction.created.astimezone(zone).isoformat(), "id": str(prediction.id).upper()}
    SEAL.verify(Prediction.model_validate_json(json.dumps(wire)))


def leaves(value: object, way: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """List the ways to everything in a JSON document that is no container."""
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inside is None:
        return [way]
    return [leaf for name, each in inside for leaf in leaves(each, (*way, name))]


def neighbours(value: object) -> list[object]:
    """Return values that differ from this one by as little as can be."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [math.nextafter(value, 2), math.nextafter(value, -1), 1 - value]
    if isinstance(value, str):
        return [
            value + " ",
            value[:-1],
            "benign",
            "0" * 64,
            "é",
            "e\u0301",
            datetime(2001, 1, 1, tzinfo=UTC).isoformat(),
        ]
    return [0.5, {"low": 0.0, "high": 1.0}]  # fmt: skip


@thorough
@given(predictions, st.data())
def test_any_single_change_is_refused(prediction, data):
    wire = json.loads(SEAL.sign(prediction).model_dump_json())
    *way, last = data.draw(st.sampled_from(leaves(wire)))
    place = wire
    for step in way:
        place = place[step]
    place[last] = data.draw(st.sampled_from(neighbours(place[last])))
    try:
        changed = Prediction.model_validate_json(json.dumps(wire))
    except ValidationError:
        return
    says_the_same = canonicalize(changed) == canonicalize(prediction)
    signed_the_same = changed.signature == SEAL.sign(prediction).signature
    assert is_trusted(changed) == (says_the_same and signed_the_same)
    if last != "signature" and changed.model_copy(update={"signature": None}) != prediction:
        assert not is_trusted(changed)


@pytest.mark.parametrize("lost", ["id", "created", "disclaimer", "signature"])
def test_a_part_that_is_left_out_is_missed(lost):
    wire = json.loads(SEAL.sign(example(disclaimer="Not the usual one.")).model_dump_json())
    del wire[lost]
    assert not is_trusted(Prediction.model_validate(wire))


def test_of_a_name_that_stands_there_twice_what_is_verified_is_what_is_used():
    wire = SEAL.sign(example()).model_dump_json()
    twice = wire.replace('"decision":"benign"', '"decision":"benign","decision":"malignant"')
    assert twice != wire
    for read in (Prediction.model_validate_json(twice), Prediction.model_validate(json.loads(twice))):
        assert is_trusted(read) == (read.decision == "benign")


def test_what_the_service_sends_is_itself_what_a_third_party_canonicalises():
    wire = json.loads(SEAL.sign(example()).model_dump_json())
    assert wire.pop("signature").startswith("k2.")
    expected = json.dumps(wire, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonicalize(example()) == expected


def test_canonical_json_follows_the_rfc_where_python_s_json_does_not():
    odd = example(
        malignant_probability=-0.0, threshold=1e-06, probabilities={"\ufb33": 1.0, "\U0001f600": 1e-07}
    )
    text = canonicalize(odd).decode()
    assert '"malignant_probability":0,' in text
    assert '"threshold":0.000001' in text
    # By UTF-16 code units an emoji (d83d) comes before U+FB33, by code points after it.
    assert '"probabilities":{"\U0001f600":1e-7,"\ufb33":1}' in text


def test_the_moment_is_told_in_whole_milliseconds_as_a_browser_keeps_it():
    assert example().created.microsecond % 1000 == 0


def test_during_a_change_of_keys_both_are_accepted_and_the_first_signs():
    before, after = Seal([OLD]), Seal([NEW])
    signed = SEAL.sign(example())
    assert signed.signature.startswith("k2.")
    assert is_trusted(signed, after)
    assert not is_trusted(signed, before)
    assert is_trusted(before.sign(example()))
    assert not is_trusted(before.sign(example()), after)


@pytest.mark.parametrize("name", ["k9", "", "K2", "k2 "])
def test_a_signature_by_another_name_is_refused(name):
    signed = SEAL.sign(example())
    value = signed.signature.partition(".")[2]
    assert not is_trusted(signed.model_copy(update={"signature": f"{name}.{value}"}))


@pytest.mark.parametrize("signature", ["", ".", "k2", "k2.", "k2.é", "k2." + "0" * 64, "k1." + "f" * 190])
def test_what_is_no_signature_is_refused(signature):
    assert not is_trusted(example(signature=signature))


def test_a_forger_with_another_secret_of_the_same_name_is_refused():
    forger = Seal([SigningKey("k2", b"x" * 32)])
    assert not is_trusted(forger.sign(example()))


def test_without_keys_nothing_is_signed_and_anything_is_read():
    nobody = Seal()
    assert nobody.sign(example()).signature is None
    nobody.verify(example(signature="anything"))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:00"])
def test_a_moment_outside_the_calendar_is_refused(moment):
    assert not is_trusted(
        Prediction.model_validate(example().model_dump() | {"created": moment, "signature": "k2.0"})
    )


@pytest.mark.parametrize(
    "write",
    [
        bytes.hex,
        lambda secret: secret.hex().upper(),
        lambda secret: base64.b64encode(secret).decode(),
        lambda secret: base64.urlsafe_b64encode(secret).decode(),
        lambda secret: base64.b64encode(secret).decode().rstrip("="),
    ],
    ids=["hex", "HEX", "base64", "url-safe", "unpadded"],
)
def test_a_secret_may_be_written_in_hexadecimal_or_base64(write):
    secret = struct.pack("<8I", *(0xFBEFFFFB + n for n in range(8)))
    assert parse_keys(f"2026-11:{write(secret)}") == [SigningKey("2026-11", secret)]


def test_two_keys_stand_with_a_comma_between(monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", f"k2:{NEW.secret.hex()}, k1:{OLD.secret.hex()}\n")
    assert Seal.of(SigningSettings()).sign(example()) == SEAL.sign(example())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hushhush", "keyid:secret"),
        ("k1:hush hush", "base64 or hexadecimal"),
        ("k1:" + "ab" * 31, "32 bytes or more"),
        ("k1:", "32 bytes or more"),
        (":" + "ab" * 32, "keyid:secret"),
        ("hush.hush:" + "ab" * 32, "keyid:secret"),
        (f"k1:{'ab' * 32},k1:{'cd' * 32}", "a name of its own"),
        (f"k1:{'ab' * 32},", "keyid:secret"),
        (",".join(f"k{n}:{'ab' * 32}" for n in range(3)), "2 keys at most"),
    ],
)
def test_a_key_that_cannot_be_used_is_said_to_be_so_without_repeating_it(text, words, monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", text)
    with pytest.raises(ValidationError) as caught:
        SigningSettings()
    said = str(caught.value)
    assert words in said
    assert "hush" not in said
    assert "abab" not in said


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_blank_key_is_none(text, monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", text)
    assert SigningSettings().signing_key is None


def test_settings_do_not_show_the_key(monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", "k1:" + "ab" * 32)
    assert "abab" not in repr(SigningSettings()) + SigningSettings().model_dump_json()


def example(**fields: object) -> Prediction:
    whole = {
        "id": "6f1c6d7e-2f57-4c55-9a0c-6a1a5f1f9d11",
        "created": "2026-11-23T09:30:00.123Z",
        "label": "benign",
        "decision": "benign",
        "malignant_probability": 0.086598,
        "threshold": 0.4663969352585712,
        "band": {"low": 0.171760, "high": 0.466397},
        "probabilities": {"malignant": 0.086598, "benign": 0.913402},
        "quality": {"usable": True, "issues": [{"code": "blank", "message": "größer als β"}]},
        "model": {"name": "m", "version": "1", "architecture": "a", "modality": "h", "sha256": "0" * 64},
        "image": {"sha256": "1" * 64, "format": "PNG", "width": 50, "height": 50},
    }
    return Prediction.model_validate(whole | fields)
