package import DetectionData
internal import Foundation

/// The numbers of a run's `metrics.jsonl`, by name, each over steps.
package struct RunCurves: Sendable {
    package struct Point: Sendable {
        package let step: Double
        package let value: Double
    }

    /// The work folder's name.
    package let name: String
    private let series: [String: [Point]]

    /// - Throws: naming file and line where one cannot be read.
    package init(folder: String) throws(DataError) {
        let path = "\(folder)/\(MetricsLog.fileName)"
        name = URL(fileURLWithPath: folder).lastPathComponent
        let text: String
        do { text = try String(contentsOfFile: path, encoding: .utf8) } catch {
            throw DataError(.missingInput, "\(path): cannot be read", hint: "name a work folder of a run")
        }
        var series: [String: [Point]] = [:]
        for (number, line) in text.split(separator: "\n").enumerated() {
            var scanner = JSONScanner(bytes: [UInt8](line.utf8), name: "\(path) line \(number + 1)")
            var fields: [String: Double] = [:]
            try scanner.beginObject()
            while let key = try scanner.nextKey() {
                let name = key.text
                if try scanner.kind() == .number { fields[name] = try scanner.double() } else { try scanner.skipValue() }
            }
            guard let step = fields["step"] else { continue }
            for (key, value) in fields where key != "step" {
                series[key, default: []].append(Point(step: step, value: value))
            }
        }
        self.series = series
    }

    /// Points of one number in the order of steps; of a step that was run twice (a resume), the later one.
    package func points(_ key: String) -> [Point] {
        var latest: [Double: Double] = [:]
        for point in series[key] ?? [] { latest[point.step] = point.value }
        return latest.sorted { $0.key < $1.key }.map { Point(step: $0.key, value: $0.value) }
    }
}
