# SPDX-License-Identifier: GPL-3.0-or-later
# primes.py - prime numbers for keys that no good program makes.
SMALL = [p for p in range(2, 702) if all(p % d for d in range(2, int(p ** 0.5) + 1))]


def is_prime(n, rng):
    """By Miller and Rabin, 12 rounds; n above the small ones."""
    if any(n % p == 0 for p in SMALL):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(12):
        x = pow(rng.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
