"""Geography: which names and values of metadata say where a picture was taken: coordinates, or names of places?

Coordinates are ``gps``; both together are ``location``. XMP has many vocabularies for them (EXIF's, IPTC's, Adobe's,
DJI's, W3C's geo, GeoRSS, Dublin Core, ...), so names count whatever their vocabulary is, and some only in one. An
address of the photographer is none of them.
"""

from __future__ import annotations

import re

#: The levels of strip_rules.py: words that stand for what is found, of the same rank.
COORDINATES, PLACE_NAMES, NOTHING = "gps/location", "location", ""
#: Tags of GeoTIFF (OGC 19-008r4) and GDAL: scale, tie points, transformation, keys, GDAL's own text.
GEOTIFF_TAGS = frozenset({33550, 33920, 33922, 34264, 34735, 34736, 34737, 42112, 50844})

#: Whole vocabularies, by the prefixes of xmp.py; of `geo` and its like everything is a position.
_VOCABULARIES = frozenset({"drone-dji", "geo", "georss", "gml", "kml"})
# Patterns are compiled by the re module when they are needed: only few runs strip positions.
_COORDINATE = r"gps|geo(?:tag|hash|uri|point|location|coordinates?)?$|latitude|longt?itude|altitude"
_SHORT_COORDINATES = frozenset({
    "lat", "lon", "long", "lng", "latlon", "latlong", "latlng", "coordinate", "coordinates", "mgrs", "utm",
    "flightlat", "flightlon", "camerapositionned",
})  # fmt: skip
_CAMEL = r"(?:^|[a-z\d_])(?:Lat|Lon|Long|Lng)$"  # HomeLat, LRFTargetLon
_PLACE_NAMES = frozenset({
    "city", "country", "countrycode", "countryname", "country-name", "county", "province", "provincestate",
    "province-state", "stateprovince", "sublocation", "sub-location", "worldregion", "placename", "place-name",
    "shotlocation", "postalcode", "contentlocation", "contentlocationname", "contentlocationcode", "spatial",
    "spatialcoverage", "coverage", "country-primarylocationname", "country-primarylocationcode", "landmark",
    "locality", "neighborhood", "venue",
})  # fmt: skip
#: Names that mean a place in these vocabularies only.
_PLACES_IN = frozenset({("photoshop", "state"), ("schema", "state"), ("", "state"), ("", "place"), ("schema", "place")})
_COORDINATES_IN = frozenset({("dcterms", "point"), ("dcterms", "box"), ("schema", "box"), ("schema", "polygon")})
_COVERAGE = frozenset({"spatial", "coverage", "spatialcoverage"})
_NUMBER = r"[-+]?\d{1,3}(?:\.\d++)"
_PAIR = rf"(?<![\d.])(?:{_NUMBER}\s*+[,;\s]\s*+{_NUMBER}|\d{{1,3}}\s*+[°º])|(?:north|east)\w*+\s*+=\s*+[-+]?\d"
_POSITION = (
    r"(?is)\s*+(?:(?:geo|gps|ge|georss)\s*+:\s*+[a-z]*+\s*+=?+\s*+[-+]?\d.*+|geotagged|geohash[:=].++"
    r"|[-+]\d{2,6}(?:\.\d++)?+[-+]\d{3,7}(?:\.\d++)?+(?:[-+]\d++(?:\.\d++)?+)?+(?:CRS\w*+)?+/?+)\s*+"
)


def of_property(prefix: str, name: str) -> str:
    """What a property of XMP says: COORDINATES, PLACE_NAMES or NOTHING.

    Its prefix is the usual one of its vocabulary; a name without one may be of any.
    """
    word = name.lower()
    if (
        prefix in _VOCABULARIES
        or (prefix, word) in _COORDINATES_IN
        or word.startswith("gps")
        or word in _SHORT_COORDINATES
    ):
        return COORDINATES
    if re.search(_COORDINATE, word) or re.search(_CAMEL, name):
        return COORDINATES
    if word in _PLACE_NAMES or word.startswith("location") or (prefix, word) in _PLACES_IN:
        return PLACE_NAMES
    return NOTHING


def of_text(key: str) -> str:
    """The same of a text by its keyword, as a PNG has them: ``GPS Latitude``, ``exif:GPSLatitude``, ``City``."""
    return of_property("", re.sub(r"\s++", "", key.rpartition(":")[2]))


def is_position(name: str, value: str) -> bool:
    """Whether a value is coordinates by itself: a machine tag, a geo URI, ISO 6709; coverage with numbers in it.

    Machine tags stand among the keywords, as ``geo:lat=47.5``.
    """
    if name.lower() in _COVERAGE and re.search(_PAIR, value):
        return True
    return len(value) <= 200 and re.fullmatch(_POSITION, value) is not None
