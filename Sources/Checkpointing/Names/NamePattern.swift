/// A dotted name with gaps: `#` stands for one number, a last `*` for one or more further parts.
struct NamePattern: Equatable, Sendable {
    private let parts: [Substring]

    init(_ text: String) { parts = text.split(separator: ".") }

    /// What fills the gaps of this pattern in `name`, in their order; `nil` if it does not fit.
    func match(_ name: String) -> [Substring]? {
        let given = name.split(separator: ".", omittingEmptySubsequences: false)
        var gaps: [Substring] = []
        for (i, part) in parts.enumerated() {
            guard i < given.count else { return nil }
            if part == "*" {
                return gaps + [given[i...].joined(separator: ".")[...]]
            } else if part == "#" {
                guard !given[i].isEmpty, given[i].allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
                gaps.append(given[i])
            } else if part != given[i] {
                return nil
            }
        }
        return given.count == parts.count ? gaps : nil
    }

    /// The name with `gaps` filled in.
    func filled(_ gaps: [Substring]) -> String {
        var rest = gaps[...]
        return parts.map { part in
            part == "*" || part == "#" ? rest.popFirst() ?? part : part
        }.joined(separator: ".")
    }
}
