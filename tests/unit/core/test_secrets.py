"""What is left of an address once its secret parts are hidden."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirror.core.secrets import mask_address, mask_addresses


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("rtmp://live.example.com/app/stream?txSecret=1", "rtmp://live.example.com/…"),
        ("RTMPS://Live.Example.com:443/app", "rtmps://Live.Example.com:443/…"),
        ("srt://push.example.com:9000?streamid=#!::r=key", "srt://push.example.com:9000/…"),
        ("rtmp://user:password@push.example.com/live/key", "rtmp://push.example.com/…"),
        ("webrtc://[2001:db8::1]:80/key", "webrtc://[2001:db8::1]:80/…"),
        ("rtmp://live.example.com", "rtmp://live.example.com/…"),
        (" rtmp://live.example.com/a b/c ", "rtmp://live.example.com/…"),
        ("rtmp:///key", "rtmp:///…"),
        ("rtmp://live.example.com\\key", "rtmp://live.example.com/…"),
        ("https://vod.example.com/a/2.mp4?t=1&sign=x", "https://vod.example.com/a/2.mp4"),
        ("HTTP://vod.example.com/2.mp4#sign", "http://vod.example.com/2.mp4"),
        ("https://user:password@vod.example.com/2.mp4", "https://vod.example.com/2.mp4"),
        ("https://a@b.example.com:c@vod.example.com/@me", "https://vod.example.com/@me"),
        ("https://vod.example.com?sign=x", "https://vod.example.com"),
        ("https://vod.example.com/2.mp4 sign=x", "https://vod.example.com/2.mp4"),
        ("https://vod.example.com/媒/2.mp4", "https://vod.example.com/媒/2.mp4"),
        # A password with a slash in it leaves something that is no host.
        ("rtmp://user:pass/word@push.example.com/key", "rtmp://…/…"),
        # No scheme.
        ("live.example.com/app/stream?txSecret=1", "live.example.com/…"),
        ("user:password@live.example.com/app", "live.example.com/…"),
        ("//live.example.com/app/stream", "/…"),
        ("live.example.com?txSecret=1", "live.example.com/…"),
        # No address.
        ("cmepid_5fdafaca1a2b3c0001c82c01", "cmepid_5fdafaca1a2b3c0001c82c01"),
        ("", ""),
    ],
)
def test_an_address_keeps_what_is_no_secret(address: str, masked: str) -> None:
    assert mask_address(address) == masked


@given(
    st.text(max_size=50)
    | st.lists(
        st.sampled_from(["rtmp://", "https://", "a", "@", ":", "/", "?", "#", " ", "[", "]", "\\"])
    ).map("".join)
)
def test_masking_twice_is_masking_once(address: str) -> None:
    assert mask_address(mask_address(address)) == mask_address(address)
    assert mask_addresses(mask_addresses(address)) == mask_addresses(address)


SECRETS = st.text("SECRET", min_size=1)  # letters that nothing else is made of


@given(
    st.sampled_from(["rtmp", "srt", "x-y+z.1"]),
    st.sampled_from(["", "{0}@", "{0}:{0}@", "a@{0}@"]),
    st.sampled_from(["push.example.com", "push.example.com:1935", "[::1]:1935"]),
    st.sampled_from(["/{0}", "?{0}", "#{0}", "/a/{0}?b={0}", " {0}", "\\{0}", "/{0}@b"]),
    SECRETS,
)
def test_nothing_but_scheme_and_host_of_a_stream_is_left(
    scheme: str, user: str, host: str, rest: str, secret: str
) -> None:
    address = f"{scheme}://{user.format(secret)}{host}{rest.format(secret)}"
    assert mask_address(address) == f"{scheme}://{host}/…"


def test_each_address_in_a_text_is_masked() -> None:
    text = "lost rtmp://push.example.com/key, then https://u:p@example.com/a?b (and x://y)"
    assert (
        mask_addresses(text)
        == "lost rtmp://push.example.com/… then https://example.com/a (and x://y)/…"
    )
    assert mask_addresses("input/output: 主输出 a://") == "input/output: 主输出 a:///…"
    assert mask_addresses("no/address: at all?") == "no/address: at all?"


@pytest.mark.parametrize(
    "piece", ["a", "a.", "1", "://", "a://", "a://b ", "http://[a:@", "@", " "]
)
def test_masking_takes_time_in_proportion(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for masked in (text, text + "://x/y", "rtmp://" + text, "https://" + text):
        started = perf_counter()
        mask_address(masked)
        mask_addresses(masked)
        assert perf_counter() - started < 5
