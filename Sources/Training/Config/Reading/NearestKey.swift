/// Finds what a mistyped key was meant to be.
enum NearestKey {
    /// The candidate with the fewest edits, the first of equals; `nil` if that is over half a word away.
    static func among(_ candidates: [String], to key: String) -> String? {
        let ranked = candidates.map { (name: $0, distance: distance(Array(key), Array($0))) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(1, max(key.count, best.name.count) / 2) ? best.name : nil
    }

    /// Insertions, deletions and replacements that turn one word into the other (Levenshtein 1966).
    static func distance(_ one: [Character], _ other: [Character]) -> Int {
        var row = Array(0...other.count)
        for (i, left) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, right) in other.enumerated() {
                let replaced = diagonal + (left == right ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, min(row[j], row[j + 1]) + 1)
            }
        }
        return row[other.count]
    }
}
