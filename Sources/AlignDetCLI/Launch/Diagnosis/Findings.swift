internal import Foundation

/// What is wrong with the places of a job's ranks, each with the line that mends it.
struct Findings {
    /// Gradients of the largest detectors here, 4 bytes for each of 60 million parameters: what sums in shared memory
    /// want of each rank.
    private static let sharedByteCount = 240 << 20

    private let facts: [RankFacts]

    /// - facts: of all ranks, in their order.
    init(_ facts: [RankFacts]) { self.facts = facts }

    var all: [String] { threads + sharedCores + instructionSets + libraries + memory }

    private var hosts: [(name: String, ranks: [RankFacts])] {
        var names: [String] = []
        for fact in facts where !names.contains(fact.host) { names.append(fact.host) }
        return names.map { name in (name, facts.filter { $0.host == name }) }
    }

    private var threads: [String] {
        var found: [String] = []
        for fact in facts where fact.threadCount > fact.processors.count {
            found.append(
                "rank \(fact.rank): \(fact.threadCount) threads on \(fact.processors.count) cores: set OMP_NUM_THREADS="
                    + "\(fact.processors.count), or give ranks more cores (mpirun --map-by slot:PE=\(fact.threadCount))"
            )
        }
        for (name, ranks) in hosts {
            let threads = ranks.reduce(0) { $0 + $1.threadCount }
            let cores = ranks[0].machineProcessorCount
            if threads > cores {
                found.append(
                    "host \(name): \(ranks.count) ranks with \(threads) threads on \(cores) cores: start fewer ranks, or "
                        + "set OMP_NUM_THREADS=\(max(1, cores / ranks.count))")
            }
            if let quota = ranks[0].quota, Double(threads) > quota + 0.5 {
                found.append(
                    "host \(name): \(threads) threads, but the control group grants \(quota) cores: raise its cpu.max, or "
                        + "set OMP_NUM_THREADS=\(max(1, Int(quota) / ranks.count))")
            }
        }
        return found
    }

    /// Two ranks whose threads fight for cores although there are enough of them.
    private var sharedCores: [String] {
        hosts.compactMap { name, ranks in
            let threads = ranks.reduce(0) { $0 + $1.threadCount }
            guard ranks.count > 1, threads <= ranks[0].machineProcessorCount else { return nil }
            for (i, one) in ranks.enumerated() {
                for other in ranks[(i + 1)...] {
                    let both = Set(one.processors).intersection(other.processors)
                    guard !both.isEmpty else { continue }
                    return "host \(name): ranks \(one.rank) and \(other.rank) share cores "
                        + "\(HostFacts.list(both.sorted())): start with aligndet_mpirun of launch/env.sh, or add "
                        + "--map-by slot:PE=\(one.threadCount) --bind-to core"
                }
            }
            return nil
        }
    }

    private var instructionSets: [String] {
        guard let first = facts.first,
            let other = facts.first(where: { $0.instructionSet != first.instructionSet })
        else { return [] }
        return [
            "ranks \(first.rank) (\(first.instructionSet.rawValue)) and \(other.rank) (\(other.instructionSet.rawValue)) "
                + "have different processors, and the slower one sets the pace: choose hosts of one kind (sbatch "
                + "--constraint), and --amp off if some lack bf16"
        ]
    }

    private var libraries: [String] {
        var found: [String] = []
        for (name, ranks) in hosts {
            let first = ranks[0]
            if first.hasOwnBLASThreads, first.variables["OPENBLAS_NUM_THREADS"] != "1" {
                found.append(
                    "host \(name): OpenBLAS is the pthread flavour and keeps a second thread pool: install "
                        + "libopenblas0-openmp, or set OPENBLAS_NUM_THREADS=1")
            }
            let isWide = first.instructionSet == .avx512 || first.instructionSet == .avx512bf16
            let wideCores = ["SkylakeX", "Cooperlake", "SapphireRapids"]
            if isWide, let library = first.libraries.first(where: { $0.hasPrefix("OpenBLAS") }),
                !wideCores.contains(where: library.contains)
            {
                found.append(
                    "host \(name): \(library), not those for AVX-512, which are twice as fast: set "
                        + "OPENBLAS_CORETYPE=SkylakeX, or start with launch/env.sh")
            }
        }
        return found
    }

    private var memory: [String] {
        var found: [String] = []
        for (name, ranks) in hosts where ranks.count > 1 {
            let wanted = ranks.count * Self.sharedByteCount
            let first = ranks[0]
            if first.sharedMemoryTotal > 0, first.sharedMemoryFree < wanted {
                found.append(
                    "host \(name): /dev/shm has \(first.sharedMemoryFree >> 20) MB free, large detectors want "
                        + "\(wanted >> 20) MB for sums in shared memory: mount -o remount,size=\(wanted >> 20)m /dev/shm, "
                        + "or --shm-size of the container")
            }
            let setting = first.variables["OMPI_MCA_btl_vader_single_copy_mechanism"]
            if let obstacle = ranks.compactMap(\.peerMemoryObstacle).first, setting != "none" {
                found.append(
                    "host \(name): ranks cannot read each other's memory (\(obstacle)), upon which Open MPI stops: set "
                        + "OMPI_MCA_btl_vader_single_copy_mechanism=none, or start with launch/env.sh, or give the "
                        + "container SYS_PTRACE")
            }
        }
        return found
    }
}
