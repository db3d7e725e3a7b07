"""An app's key pair: made from the seed, so that a restarted simulator takes the same credentials."""

from __future__ import annotations

from functools import cache
from math import gcd
from random import Random

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_EXPONENT = 65537
_BITS = 1024  # of each prime
_SMALL = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@cache
def private_key(vendor: str, seed: int) -> rsa.RSAPrivateKey:
    chance = Random(f"{vendor}-{seed}")
    p, q = _prime(chance), _prime(chance)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1) // gcd(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    )
    return numbers.private_key()


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _prime(chance: Random) -> int:
    while True:
        # Both top bits set: the product of two such primes has its full length.
        candidate = chance.getrandbits(_BITS) | 3 << (_BITS - 2) | 1
        if (candidate - 1) % _EXPONENT == 0 or any(candidate % small == 0 for small in _SMALL):
            continue
        # A random odd number of this length that passes four rounds is a prime for all purposes of a simulator.
        if all(_strong(candidate, base) for base in (2, 3, 5, 7)):
            return candidate


def _strong(candidate: int, base: int) -> bool:
    """Miller and Rabin's test for one base."""
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    x = pow(base, odd, candidate)
    if x in (1, candidate - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % candidate
        if x == candidate - 1:
            return True
    return False
