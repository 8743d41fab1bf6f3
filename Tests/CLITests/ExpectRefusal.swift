import Foundation
import Testing

/// Fails unless the program ends with `status` and one line that holds all `words`, and leaves neither a
/// checkpoint nor half a file anywhere below `folder`.
func expectRefusal(
    _ arguments: [String], status: Int32, words: [String], ranks: Int? = nil, in folder: WorkFolder,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
    #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.complaints.count == 1, "\(outcome)", sourceLocation: sourceLocation)
    for word in words {
        #expect(
            outcome.complaints.first?.contains(word) == true, "'\(word)' is not in: \(outcome)",
            sourceLocation: sourceLocation)
    }
    let leftovers = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }.filter {
        name in
        [".safetensors.zst", ".tmp", ".partial", "last_checkpoint"].contains { name.hasSuffix($0) }
    }
    #expect(leftovers == [], sourceLocation: sourceLocation)
}
