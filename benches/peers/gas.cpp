// What one would write in C++: two copies of the gas under the synchronous
// coupling, a library generator, one exponential waiting time per collision.
//
//   g++ -O3 -march=native -std=c++17 gas.cpp -o gas
//   ./gas PARTICLES REPLICAS END RECORDS SEED        (κ = 2, β = 1)
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

int main(int count, char **arguments) {
    if (count != 6) {
        std::fprintf(stderr, "usage: %s PARTICLES REPLICAS END RECORDS SEED\n", arguments[0]);
        return 2;
    }
    const int particles = std::atoi(arguments[1]), replicas = std::atoi(arguments[2]);
    const double end = std::atof(arguments[3]), pair_rate = 2.0, bath_rate = 1.0;
    const int records = std::atoi(arguments[4]);
    std::mt19937_64 generator(std::strtoull(arguments[5], nullptr, 10));
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    std::uniform_int_distribution<int> any(0, particles - 1);
    std::uniform_int_distribution<int> other(0, std::max(0, particles - 2));
    const double all_pairs = particles > 1 ? 0.5 * pair_rate * particles : 0.0;
    const double rate = all_pairs + bath_rate * particles;
    std::exponential_distribution<double> waiting(rate);
    std::vector<double> v(particles), u(particles), mean(records, 0.0);
    std::int64_t collisions = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int replica = 0; replica < replicas; ++replica) {
        for (int i = 0; i < particles; ++i) {
            v[i] = normal(generator);
            u[i] = 2.0 * v[i];
        }
        double next = waiting(generator);
        for (int record = 0; record < records; ++record) {
            for (const double until = end * (record + 1) / records; next < until; ++collisions) {
                const double angle = 2.0 * M_PI * uniform(generator);
                const double c = std::cos(angle), s = std::sin(angle);
                const int i = any(generator);
                if (uniform(generator) * rate < all_pairs) {
                    int j = other(generator);
                    j += j >= i;
                    for (auto *x : {&v, &u}) {
                        const double a = (*x)[i], b = (*x)[j];
                        (*x)[i] = a * c + b * s;
                        (*x)[j] = b * c - a * s;
                    }
                } else {
                    const double sd = std::sqrt(uniform(generator) < 0.5 ? 0.5 : 1.5);
                    const double w = sd * normal(generator);
                    v[i] = v[i] * c + w * s;
                    u[i] = u[i] * c + w * s;
                }
                next += waiting(generator);
            }
            for (int i = 0; i < particles; ++i) mean[record] += (v[i] - u[i]) * (v[i] - u[i]) / replicas;
        }
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    for (int record = 0; record < records; ++record)
        std::printf("%g %.10g\n", end * (record + 1) / records, mean[record]);
    std::printf("%lld collisions, %.2f ns each\n", static_cast<long long>(collisions), 1e9 * wall.count() / collisions);
}
