internal import Foundation

/// The widest vector instructions of a processor that the kernels have a form for.
enum InstructionSet: String, Codable {
    case avx512bf16 = "AVX-512 with bf16"
    case avx512 = "AVX-512"
    case avx2 = "AVX2"
    case baseline
}

/// What the system says about this host and this process's share of it.
enum HostFacts {
    /// "0-3,8" for 0, 1, 2, 3 and 8.
    static func list(_ numbers: [Int]) -> String {
        var runs: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = runs.last, last.upperBound + 1 == number {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    /// Processors' worth of time that the control group grants; nil without a limit.
    static var processorQuota: Double? {
        let group = lines("/proc/self/cgroup").first { $0.hasPrefix("0::") }?.dropFirst(3) ?? "/"
        let words = (lines("/sys/fs/cgroup\(group)/cpu.max").first ?? "").split(separator: " ")
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else {
            return nil
        }
        return quota / period
    }

    static var instructionSet: InstructionSet {
        let line = lines("/proc/cpuinfo").first { $0.hasPrefix("flags") } ?? ""
        let flags = Set(line.split(separator: " "))
        if flags.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq"]) {
            return flags.contains("avx512_bf16") ? .avx512bf16 : .avx512
        }
        return flags.contains("avx2") ? .avx2 : .baseline
    }

    /// Network interfaces that are up, the loop left out, with their speed where it is known.
    static var interfaces: [String] {
        let root = "/sys/class/net"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().filter { $0 != "lo" }.compactMap { name in
            guard lines("\(root)/\(name)/operstate").first == "up" else { return nil }
            guard let speed = lines("\(root)/\(name)/speed").first.flatMap({ Int($0) }), speed > 0 else {
                return name
            }
            return speed >= 1000 ? "\(name) \(speed / 1000) Gbit/s" : "\(name) \(speed) Mbit/s"
        }
    }

    private static func lines(_ path: String) -> [String] {
        (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n").map(String.init) ?? []
    }
}
