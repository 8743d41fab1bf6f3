package import Collectives
package import DetectionData
internal import Foundation
package import Logging
internal import Synchronization

/// Selective search over a data set, spread over ranks and threads, into one proposal file.
package struct ProposalRun {
    package struct Settings: Sendable {
        package var mode: SelectiveSearch.Mode
        /// Tried in turn on each image until one leaves a box.
        package var filters: [ProposalFilter]
        /// The search runs on images scaled to at most this short side; nil for full size. Boxes are in full-size pixels.
        package var shortSide: Int?
        package var seed: UInt64
        package var threadCount: Int
        package var orientation: ImageFile.Orientation

        package init(
            mode: SelectiveSearch.Mode, filters: [ProposalFilter], shortSide: Int?, seed: UInt64, threadCount: Int,
            orientation: ImageFile.Orientation
        ) {
            self.mode = mode
            self.filters = filters
            self.shortSide = shortSide
            self.seed = seed
            self.threadCount = threadCount
            self.orientation = orientation
        }

        /// The size at which an image is searched; nil for its own.
        func searchSize(width: Int, height: Int) -> (width: Int, height: Int)? {
            guard let shortSide, shortSide < min(width, height) else { return nil }
            let factor = Float(shortSide) / Float(min(width, height))
            return (Int(Float(width) * factor + 0.5), Int(Float(height) * factor + 0.5))
        }

        /// What the file says about how it was made; the number of ranks and threads is not part of it.
        var parameters: [String: String] {
            [
                "mode": mode.rawValue, "filters": "\(filters)", "short_side": shortSide.map { "\($0)" } ?? "full",
                "seed": "\(seed)",
            ]
        }
    }

    private let settings: Settings
    private let communicator: any Communicator
    private let log: Logger

    package init(_ settings: Settings, communicator: any Communicator, log: Logger) {
        self.settings = settings
        self.communicator = communicator
        self.log = log
    }

    /// Whether the file at `path` was made for these images by these settings.
    package func isCurrent(_ path: String, for images: [COCOAnnotations.ImageRecord]) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        let expected = ProposalFile.Info(
            description: Self.description, parameters: settings.parameters, images: images)
        do { return try ProposalFile.info(ofFile: path) == expected } catch { return false }
    }

    private static let description = "selective search proposals, best first"

    /// Searches all images and writes the file on rank 0; returns on all ranks once it is there.
    /// - Throws: naming the image file that cannot be read.
    package func write(_ images: [COCOAnnotations.ImageRecord], folder: String, to path: String) throws {
        let topology = communicator.topology
        let share = DistributedSampler.range(of: images.count, rank: topology.rank, worldSize: topology.size)
        let boxes = try search(images[share].map { $0 }, folder: folder)
        var bytes: [UInt8] = []
        for list in boxes {
            bytes += withUnsafeBytes(of: Int64(list.count)) { [UInt8]($0) }
            bytes += list.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }.withUnsafeBytes { [UInt8]($0) }
        }
        if let parts = try communicator.gather(bytes, label: "proposals") {
            let all = parts.flatMap(Self.decode)
            try ProposalFile.write(
                all, for: images,
                info: ProposalFile.Info(
                    description: Self.description, parameters: settings.parameters, images: images), to: path)
            let total = all.reduce(0) { $0 + $1.count }
            log.info("\(path): \(total) proposals for \(images.count) images")
        }
        try communicator.barrier(label: "proposals written")
    }

    private func search(_ images: [COCOAnnotations.ImageRecord], folder: String) throws(DataError) -> [[Box]] {
        let settings = settings
        let load: @Sendable (String) throws -> Image = { path in
            let image = try ImageFile.load(path: path, orientation: settings.orientation).image
            guard let size = settings.searchSize(width: image.width, height: image.height) else { return image }
            return Resize.bilinear(image, width: size.width, height: size.height)
        }
        let generator = ProposalGenerator(
            search: SelectiveSearch(mode: settings.mode, seed: settings.seed), filters: settings.filters,
            threadCount: settings.threadCount, load: load)
        let inputs = images.map { ProposalGenerator.Input(path: "\(folder)/\($0.fileName)", imageID: $0.id) }
        let reporter = ProgressReporter(log: log)
        let found = try generator(inputs) { done, total in reporter.report(done, total) }
        return zip(images, found).map { record, boxes in
            guard let size = settings.searchSize(width: record.width, height: record.height) else { return boxes }
            // The resized image has whole pixels, so its real factors differ a little between the axes.
            let (x, y) = (Float(record.width) / Float(size.width), Float(record.height) / Float(size.height))
            return boxes.map { $0.scaled(x: x, y: y) }
        }
    }

    private static func decode(_ bytes: [UInt8]) -> [[Box]] {
        var lists: [[Box]] = []
        bytes.withUnsafeBytes { raw in
            var position = 0
            while position < raw.count {
                let count = Int(raw.loadUnaligned(fromByteOffset: position, as: Int64.self))
                position += 8
                lists.append(
                    (0..<count).map { i in
                        func number(_ k: Int) -> Float {
                            raw.loadUnaligned(fromByteOffset: position + 16 * i + 4 * k, as: Float.self)
                        }
                        return Box(x1: number(0), y1: number(1), x2: number(2), y2: number(3))
                    })
                position += 16 * count
            }
        }
        return lists
    }
}

/// A line every few seconds while images are searched; called from the search's threads, one at a time.
private final class ProgressReporter: Sendable {
    private let log: Logger
    private let start = ContinuousClock.now
    private let last: Mutex<ContinuousClock.Instant>

    init(log: Logger) {
        self.log = log
        last = Mutex(ContinuousClock.now)
    }

    func report(_ done: Int, _ total: Int) {
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            guard (now - last) / .seconds(1) > 2 || done == total else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let left = (now - start) / .seconds(1) / Double(done) * Double(total - done)
        log.info("proposals: image \(done)/\(total) of this rank, ETA \(ProgressLine.duration(left))")
    }
}
