"""Tone mapping: how much light of an SDR screen is a number of HDR, of PQ or HLG?

The curve (EETF) of Report ITU-R BT.2390-10, 5.4.1, applied to R', G' and B' each, from a screen of 1000 cd/m2 to one of
203: that is HDR's reference white (Report ITU-R BT.2408), which SDR shows as white. What is darker than 87 cd/m2 stays
as it is, what is brighter is rolled off. PQ and HLG are those of Recommendation ITU-R BT.2100, tables 4 and 5; HLG's
system gamma of 1.2 (for 1000 cd/m2) is applied to each channel, too, as a profile can do no other: grays are exact.
"""

from __future__ import annotations

import math

_SOURCE, _TARGET = 1000.0, 203.0  # cd/m2
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_PEAK = 10000.0
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_SYSTEM_GAMMA = 1.2


def light_of_pq(number: float) -> float:
    """The share of an SDR screen's white of a number of PQ, 0..1."""
    return _tone_map(number)


def light_of_hlg(number: float) -> float:
    """The share of an SDR screen's white of a number of HLG, 0..1."""
    scene = number**2 / 3 if number <= 0.5 else (math.exp((number - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return _tone_map(_pq_of(_SOURCE * min(1.0, scene) ** _SYSTEM_GAMMA))


def _tone_map(number: float) -> float:
    """The light of a number of PQ on the target's screen, as a share of its white."""
    source, target = _pq_of(_SOURCE), _pq_of(_TARGET)
    most = target / source
    knee = 1.5 * most - 0.5
    one = min(1.0, number / source)
    if one >= knee:
        t = (one - knee) / (1 - knee)
        one = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return min(1.0, _light_of(one * source) / _TARGET)


def _pq_of(light: float) -> float:
    """The number of PQ of an amount of light in cd/m2."""
    power = (light / _PQ_PEAK) ** _M1
    return float(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _light_of(number: float) -> float:
    """The amount of light in cd/m2 of a number of PQ."""
    root = number ** (1 / _M2)
    return float(_PQ_PEAK * (max(0.0, root - _C1) / (_C2 - _C3 * root)) ** (1 / _M1))
