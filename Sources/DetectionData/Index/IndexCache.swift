internal import Foundation

/// The indices of data sets on this node: a data set's JSON is read once, whatever ranks and runs follow.
///
/// They lie in a folder of the user's own below ALIGNDET_INDEX, TMPDIR or /tmp, one for each data set and its options. An
/// index is current while its files have the same sizes, times of change and samples of their bytes, and goes where a month
/// passes without a use.
package struct IndexCache: Sendable {
    /// Which data set: what decides its contents, in words, and the files that these are read from.
    package struct Origin: Sendable {
        let words: String
        let digest: UInt64
        fileprivate let name: String

        /// - files: annotations first.
        /// - Returns: nil where one of the files cannot be examined or is no regular file.
        package init?(files: [String], imageFolder: String, options: COCODataset.Options) {
            let paths = (files + [imageFolder]).map { URL(fileURLWithPath: $0).standardizedFileURL.path }
            words = (paths + [options.choice]).joined(separator: "\n")
            var state = FNVHash()
            state.add(words.utf8)
            let stem = URL(fileURLWithPath: files.first ?? "").deletingPathExtension().lastPathComponent
            name = "\(stem)-\(state.text).index"
            for file in files {
                guard Self.add(file, to: &state) else { return nil }
            }
            digest = state.value
        }

        private static let sampleCount = 64
        private static let sampleByteCount = 4096

        /// Size, time of change and samples over all of a file.
        private static func add(_ path: String, to state: inout FNVHash) -> Bool {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
            let size = Int(status.st_size)
            state.add("\(size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec)".utf8)
            var block = [UInt8](repeating: 0, count: sampleByteCount)
            for sample in 0..<sampleCount {
                let place = max(0, size - sampleByteCount) / max(1, sampleCount - 1) * sample
                let count = pread(descriptor, &block, block.count, place)
                guard count >= 0 else { return false }
                state.add(block[..<count])
            }
            return true
        }
    }

    private let folder: String
    private static let keptSeconds = 30 * 24 * 3600

    /// - root: where the user's folder lies; nil for what the environment says.
    package init(root: String? = nil) {
        let environment = ProcessInfo.processInfo.environment
        let root = root ?? environment["ALIGNDET_INDEX"] ?? environment["TMPDIR"] ?? "/tmp"
        folder = "\(root)/aligndet-mpi-\(geteuid())"
    }

    /// The data set, mapped, if its index is there, whole and current.
    /// - checksImages: whether every image file has to be there still; once a node is enough.
    package func dataset(
        _ origin: Origin, imageFolder: String, options: COCODataset.Options, checksImages: Bool
    ) -> COCODataset? {
        guard isOwn, let folder = try? ImageFolder(imageFolder),
            let bytes = SharedBytes(mapping: "\(self.folder)/\(origin.name)"),
            let index = DatasetIndex(bytes, origin: origin.digest)
        else { return nil }
        if checksImages {
            let names = (0..<index.imageCount).map { index.fileName(at: $0) }
            guard folder.missing(names).isEmpty else { return nil }
            // The time of the last use.
            utimes("\(self.folder)/\(origin.name)", nil)
        }
        return COCODataset(index, folder: folder, options: options)
    }

    /// Keeps a data set's index, unless images were missing: they may be there the next time.
    /// - Throws: where the folder cannot be written to.
    package func keep(_ dataset: COCODataset, _ origin: Origin) throws(DataError) {
        guard !dataset.report.entries.contains(where: { $0.defect == .missingImageFile }) else { return }
        mkdir(folder, 0o700)
        guard isOwn else {
            throw DataError(.output, "\(folder): is no folder of this user alone", hint: "set ALIGNDET_INDEX")
        }
        removeUnused()
        let bytes = dataset.index.bytes
        try AtomicFile.write(path: "\(folder)/\(origin.name)") { sink throws(DataError) in
            for start in stride(from: 0, to: bytes.count, by: 1 << 24) {
                let end = min(start + 1 << 24, bytes.count)
                try sink([UInt8](bytes.array(UInt8.self, at: start, count: end - start)))
            }
        }
    }

    private func removeUnused() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix(".index") {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0,
                status.st_mtim.tv_sec < time(nil) - Self.keptSeconds
            else { continue }
            // Another process may have been faster.
            unlink("\(folder)/\(name)")
        }
    }

    /// Whether the folder is one into which nobody else can put an index.
    private var isOwn: Bool {
        var status = stat()
        return lstat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    }
}

extension COCODataset.Options {
    /// What decides which images, boxes and labels there are.
    fileprivate var choice: String {
        "\(use) \(classNames ?? []) \(classNames == nil) \(subset) \(policy) \(needsMasks)"
    }
}
