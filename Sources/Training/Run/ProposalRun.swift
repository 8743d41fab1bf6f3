package import Collectives
package import DetectionData
internal import Foundation
package import Logging

/// Box proposals for a data set, spread over ranks and threads, into one file.
///
/// Finished parts are kept in a folder beside the file until it is written, so a run that was stopped or killed goes on
/// where it was, with any number of ranks. All ranks must see that folder.
package struct ProposalRun {
    package struct Settings: Sendable {
        package var filters: ProposalFilterSteps
        /// The search runs on images scaled to at most this short side; nil for full size. Boxes are in full-size pixels.
        package var shortSide: Int?
        package var threadCount: Int
        package var orientation: ImageFile.Orientation

        package init(
            filters: ProposalFilterSteps, shortSide: Int?, threadCount: Int,
            orientation: ImageFile.Orientation
        ) {
            self.filters = filters
            self.shortSide = shortSide
            self.threadCount = threadCount
            self.orientation = orientation
        }
    }

    package enum Outcome {
        case written
        /// Somebody asked to stop; the same call goes on.
        case stopped
    }

    private let source: ProposalSource
    private let settings: Settings
    private let communicator: any Communicator
    private let log: Logger

    package init(
        _ source: ProposalSource, _ settings: Settings, communicator: any Communicator, log: Logger
    ) {
        self.source = source
        self.settings = settings
        self.communicator = communicator
        self.log = log
    }

    /// What a file for these images says about itself; the number of ranks and threads is not part of it.
    package func info(for images: [COCOAnnotations.ImageRecord]) -> ProposalFile.Info {
        var parameters = source.parameters
        parameters["filters"] = "\(settings.filters)"
        parameters["short_side"] = settings.shortSide.map { "\($0)" } ?? "full"
        return ProposalFile.Info(description: source.description, parameters: parameters, images: images)
    }

    /// Whether the file at `path` was made for these images by these settings.
    package func isCurrent(_ path: String, for images: [COCOAnnotations.ImageRecord]) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        do { return try ProposalFile.info(ofFile: path) == info(for: images) } catch { return false }
    }

    /// Finds the boxes of all images and writes the file on rank 0; returns on all ranks once it is there.
    /// - Throws: naming the image file that cannot be read.
    package func write(
        _ images: [COCOAnnotations.ImageRecord], folder: String, to path: String
    ) throws -> Outcome {
        let info = info(for: images)
        let parts = ProposalParts(beside: path, info: info)
        let isFirst = communicator.topology.rank == 0
        if isFirst { try parts.prepare() }
        let start = ContinuousClock.now
        let isWhole: Bool
        do {
            isWhole = try findMissing(parts, images, folder: folder)
        } catch {
            if isFirst { parts.removeIfEmpty() }
            throw error
        }
        // A rank may have to wait for another about as long as it worked itself, should that run at half the speed.
        let patience = max(communicator.defaultDeadlineSeconds, (ContinuousClock.now - start) / .seconds(1))
        guard try isAgreed(isWhole, patienceSeconds: patience) else {
            if isFirst {
                log.warning(
                    "\(path): stopped on request; \(parts.folder) keeps what is done, run again to go on")
            }
            return .stopped
        }
        if isFirst { try assemble(parts, images, info, path) }
        try communicator.barrier(label: "proposals written", deadlineSeconds: 2 * patience)
        return .written
    }

    /// - Returns: false where this rank was asked to stop.
    private func findMissing(
        _ parts: ProposalParts, _ images: [COCOAnnotations.ImageRecord], folder: String
    ) throws -> Bool {
        // Rank 0's view of the folder counts: another rank's may lag behind.
        let mine = communicator.topology.rank == 0 ? Self.bytes(parts.finished()) : []
        let finished = Self.numbers(try communicator.broadcast(mine, label: "finished parts"))
        if !finished.isEmpty, communicator.topology.rank == 0 {
            log.info("\(parts.folder): \(finished.count) of \(parts.partCount) parts are done already")
        }
        let missing = (0..<parts.partCount).filter { !finished.contains($0) }
        let positions = missing.enumerated().filter {
            $0.offset % communicator.topology.size == communicator.topology.rank
        }.flatMap { parts.images(of: $0.element) }
        let collector = PartCollector(parts)
        let progress = ProgressReporter(log: log, what: "proposals", total: positions.count)
        let inputs = positions.map { images[$0] }
        return try source.find(inputs, folder: folder, settings) { index, boxes throws(DataError) in
            progress.report(try collector.add(boxes, image: positions[index]))
        }
    }

    private func isAgreed(_ isWhole: Bool, patienceSeconds: Double) throws -> Bool {
        let flag = UnsafeMutableBufferPointer<Int64>.allocate(capacity: 1)
        flag.initialize(repeating: isWhole ? 1 : 0)
        // Not deallocated on an error: the library may still write to it.
        try communicator.allReduce(flag, .minimum, label: "proposals found", deadlineSeconds: patienceSeconds)
        defer { flag.deallocate() }
        return flag[0] == 1
    }

    private func assemble(
        _ parts: ProposalParts, _ images: [COCOAnnotations.ImageRecord], _ info: ProposalFile.Info,
        _ path: String
    ) throws {
        var part = -1
        var lists: [[Box]] = []
        let total = try ProposalFile.write(for: images, info: info, to: path) { image throws(DataError) in
            if image / parts.partSize != part {
                part = image / parts.partSize
                lists = try parts.read(part)
            }
            return lists[image - part * parts.partSize]
        }
        parts.remove()
        log.info("\(path): \(total) proposals for \(images.count) images")
    }

    private static func bytes(_ numbers: Set<Int>) -> [UInt8] {
        numbers.flatMap { number in withUnsafeBytes(of: UInt32(number)) { [UInt8]($0) } }
    }

    private static func numbers(_ bytes: [UInt8]) -> Set<Int> {
        bytes.withUnsafeBytes { raw in
            Set(
                stride(from: 0, to: raw.count, by: 4).map {
                    Int(raw.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
                })
        }
    }
}
