"""Makes the materials of KiCad's GLB what they are: paint and plastic.

KiCad leaves `metallicFactor` out where a 3D model's colour comes from STEP, and glTF then takes it for 1: everything is
polished metal, and black plastic shows nothing but the dark. Source: glTF 2.0, 5.22 (material.pbrMetallicRoughness).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

_MAGIC, _JSON = 0x46546C67, 0x4E4F534A
ROUGHNESS = 0.7


def settle_materials(path: Path) -> bool:
    """Write the factors that are missing into a GLB file. Returns: whether it was changed; what is no GLB stays."""
    raw = path.read_bytes()
    if len(raw) < 20:
        return False
    magic, version, _, length, kind = struct.unpack_from("<5I", raw)
    if (magic, version, kind) != (_MAGIC, 2, _JSON) or 20 + length > len(raw):
        return False
    scene = json.loads(raw[20 : 20 + length])
    changed = False
    for material in scene.get("materials", []):
        surface = material.setdefault("pbrMetallicRoughness", {})
        if not {"metallicFactor", "roughnessFactor", "metallicRoughnessTexture"} & set(surface):
            surface |= {"metallicFactor": 0.0, "roughnessFactor": ROUGHNESS}
            changed = True
    if not changed:
        return False
    text = json.dumps(scene, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 4)
    rest = raw[20 + length :]
    head = struct.pack("<5I", _MAGIC, 2, 20 + len(text) + len(rest), len(text), _JSON)
    path.write_bytes(head + text + rest)
    return True
