import Foundation

/// The numbers of a run's `metrics.jsonl`.
struct Metrics {
    private let records: [[String: Any]]

    init(_ folder: String) throws {
        let text = try String(contentsOfFile: "\(folder)/metrics.jsonl", encoding: .utf8)
        records = try text.split(separator: "\n").map { line in
            guard let record = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            else {
                throw UnexpectedResult("\(folder)/metrics.jsonl: \(line)")
            }
            return record
        }
    }

    /// The losses, step after step; a resumed run's follow those of the run before it.
    var losses: [Double] { records.compactMap { $0["loss"] as? Double } }
    var steps: [Int] { records.filter { $0["loss"] != nil }.compactMap { $0["step"] as? Int } }

    /// One number of every step less another.
    func values(_ name: String, without other: String) -> [Double] {
        records.compactMap { record in
            guard let value = record[name] as? Double, let less = record[other] as? Double else { return nil }
            return value - less
        }
    }

    /// What the evaluation after `step` found.
    func scores(after step: Int) -> [String: Double] {
        let record = records.first { $0["kind"] as? String == "evaluation" && $0["step"] as? Int == step }
        var scores = (record ?? [:]).compactMapValues { $0 as? Double }
        scores["step"] = nil
        return scores
    }

    /// The largest |a - b| / |a| of two runs' losses, step by step; infinite where one of them is shorter.
    static func worstDifference(_ one: [Double], _ other: [Double]) -> Double {
        guard one.count == other.count else { return .infinity }
        return zip(one, other).reduce(0) { worst, pair in
            let difference = abs(pair.0 - pair.1) / abs(pair.0)
            return difference.isFinite ? max(worst, difference) : .infinity
        }
    }
}
