import Foundation

/// The checkpoints of a work folder.
package enum Checkpoints {
    /// How a checkpoint's file name ends.
    package static let suffix = ".safetensors.zst"
    /// A text file with the name of the checkpoint written last.
    package static let pointerName = "last_checkpoint"
    static let stepPrefix = "step_"
    private static let bestPrefix = "best_"

    /// "best_0.4231_step_200".
    static func bestName(score: Double, step: String) -> String {
        bestPrefix + String(format: "%.4f", score) + "_" + step
    }

    /// What `newestValid` found.
    package struct Search: Sendable {
        /// `nil` if the folder holds no checkpoint that can be read.
        package let checkpoint: CheckpointReader?
        /// Newer files that were passed over, each with its reason.
        package let skipped: [CheckpointError]
    }

    struct File {
        let name: String
        let modified: Date
        /// Whether it is one of those that `CheckpointWriter` names and removes itself.
        var isStep: Bool {
            let digits = name.dropLast(suffix.count).dropFirst(stepPrefix.count)
            return name.hasPrefix(stepPrefix) && !digits.isEmpty
                && digits.allSatisfy { ("0"..."9").contains($0) }
        }
        /// The score of one that is kept for it.
        var bestScore: Double? {
            guard name.hasPrefix(bestPrefix), let end = name.range(of: "_" + stepPrefix) else { return nil }
            return Double(name[name.index(name.startIndex, offsetBy: bestPrefix.count)..<end.lowerBound])
        }
    }

    /// The newest checkpoint in `folder` that is whole: the one `last_checkpoint` names, then by time.
    /// - Throws: only if the folder cannot be listed; a folder that does not exist holds no checkpoint.
    package static func newestValid(in folder: String) throws(CheckpointError) -> Search {
        var names = try files(in: folder).map(\.name)
        if let pointed = pointer(in: folder) {
            names.removeAll { $0 == pointed }
            names.insert(pointed, at: 0)
        }
        var skipped: [CheckpointError] = []
        for name in names {
            do throws(CheckpointError) {
                let reader = try CheckpointReader(path: "\(folder)/\(name)")
                _ = try reader.metadata()
                return Search(checkpoint: reader, skipped: skipped)
            } catch {
                skipped.append(error)
            }
        }
        return Search(checkpoint: nil, skipped: skipped)
    }

    /// Removes what writers that were killed left half-written; nobody may be writing.
    package static func removeLeftovers(in folder: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names
        where name.hasSuffix(suffix + AtomicFile.temporarySuffix)
            || name == pointerName + AtomicFile.temporarySuffix
        {
            unlink("\(folder)/\(name)")
        }
    }

    /// The file name in `last_checkpoint`, if there is one.
    private static func pointer(in folder: String) -> String? {
        guard let text = try? String(contentsOfFile: "\(folder)/\(pointerName)", encoding: .utf8) else {
            return nil
        }
        let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return name.isEmpty || name.contains("/") ? nil : name
    }

    /// Newest first; of two written in the same instant, the later name first.
    static func files(in folder: String) throws(CheckpointError) -> [File] {
        let manager = FileManager.default
        guard manager.fileExists(atPath: folder) else { return [] }
        do {
            return try manager.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(suffix) }.compactMap
            { name in
                let attributes = try manager.attributesOfItem(atPath: "\(folder)/\(name)")
                guard attributes[.type] as? FileAttributeType == .typeRegular else { return nil }
                return File(name: name, modified: attributes[.modificationDate] as? Date ?? .distantPast)
            }.sorted { ($0.modified, $0.name) > ($1.modified, $1.name) }
        } catch {
            throw CheckpointError(.missing, path: folder, "cannot be listed: \(error.localizedDescription)")
        }
    }
}
