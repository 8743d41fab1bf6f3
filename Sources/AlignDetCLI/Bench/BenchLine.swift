internal import Tensors
internal import DetectionData
internal import Foundation
internal import Training

/// One case's line of JSON. Keys that do not apply are left out.
struct BenchLine {
    private var json = JSONWriter()

    init(case name: String) {
        json.beginObject()
        json.key("case")
        json.value(name)
    }

    /// Median and spread.
    mutating func add(times seconds: [Double]) {
        add("median_s", Measurement.median(seconds))
        add("min_s", seconds.min() ?? 0)
        add("max_s", seconds.max() ?? 0)
    }

    /// Times, and arithmetic where there is any.
    mutating func add(_ measurement: Measurement) {
        add(times: measurement.seconds)
        guard measurement.flops > 0 else { return }
        let floor = Double(measurement.flops) / measurement.matMulRate
        add("flops", measurement.flops)
        add("floor_s", floor)
        json.key("share_of_floor")
        json.value((floor / measurement.median * 1e4).rounded() / 1e4)
        add("matmul_flops_per_s", Int(measurement.matMulRate))
    }

    /// Memory traffic that the case cannot do without.
    mutating func add(bytes: Int, measurement: Measurement) {
        add("bytes", bytes)
        json.key("gb_per_s")
        json.value((Double(bytes) / measurement.median / 1e7).rounded() / 100)
    }

    /// Largest memory of the process so far, and the most that tensors held of it at once: for benchmarks of a single
    /// case.
    mutating func addPeakMemory() {
        add("peak_rss_bytes", ProcessMemory.peakByteCount)
        add("peak_tensor_bytes", BufferPool.shared.peakByteCount)
    }

    mutating func add(_ key: StaticString, _ value: Int) {
        json.key(key)
        json.value(value)
    }

    /// - value: seconds or a rate, kept to a billionth.
    mutating func add(_ key: StaticString, _ value: Double) {
        json.key(key)
        json.value((value * 1e9).rounded() / 1e9)
    }

    mutating func add(_ key: StaticString, _ value: String) {
        json.key(key)
        json.value(value)
    }

    /// An object of seconds.
    mutating func add(_ key: StaticString, _ values: [(name: String, value: Double)]) {
        json.key(key)
        json.beginObject()
        for (name, value) in values {
            json.key(text: name)
            json.value((value * 1e9).rounded() / 1e9)
        }
        json.endObject()
    }

    /// Ends the line and puts it out at once, so that a long list can be followed.
    mutating func finish() {
        json.endObject()
        FileHandle.standardOutput.write(Data(json.bytes + [UInt8(ascii: "\n")]))
    }
}
