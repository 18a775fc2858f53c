"""What one would write in Python with numba: the same as gas.cpp.

pip install numba numpy;  python gas.py PARTICLES REPLICAS END RECORDS SEED     (κ = 2, β = 1)
"""

import math
import sys
import time

import numba
import numpy as np


@numba.njit
def simulate(particles, replicas, end, records, seed):
    np.random.seed(seed)
    pair_rate, bath_rate = 2.0, 1.0
    all_pairs = 0.5 * pair_rate * particles if particles > 1 else 0.0
    rate = all_pairs + bath_rate * particles
    mean, collisions = np.zeros(records), 0
    for _ in range(replicas):
        v = np.random.normal(0.0, 1.0, particles)
        u = 2.0 * v
        upcoming = np.random.exponential(1.0 / rate)
        for record in range(records):
            until = end * (record + 1) / records
            while upcoming < until:
                angle = 2.0 * math.pi * np.random.random()
                c, s = math.cos(angle), math.sin(angle)
                i = np.random.randint(0, particles)
                if np.random.random() * rate < all_pairs:
                    j = np.random.randint(0, particles - 1)
                    j += j >= i
                    v[i], v[j] = v[i] * c + v[j] * s, v[j] * c - v[i] * s
                    u[i], u[j] = u[i] * c + u[j] * s, u[j] * c - u[i] * s
                else:
                    sd = math.sqrt(0.5 if np.random.random() < 0.5 else 1.5)
                    w = sd * np.random.normal()
                    v[i] = v[i] * c + w * s
                    u[i] = u[i] * c + w * s
                upcoming += np.random.exponential(1.0 / rate)
                collisions += 1
            mean[record] += ((v - u) ** 2).sum() / replicas
    return mean, collisions


if __name__ == "__main__":
    particles, replicas = int(sys.argv[1]), int(sys.argv[2])
    end, records, seed = float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    simulate(2, 1, 0.1, 1, 1)  # compile
    start = time.perf_counter()
    mean, collisions = simulate(particles, replicas, end, records, seed)
    wall = time.perf_counter() - start
    for record, value in enumerate(mean):
        print(f"{end * (record + 1) / records:g} {value:.10g}")
    print(f"{collisions} collisions, {1e9 * wall / collisions:.2f} ns each")
