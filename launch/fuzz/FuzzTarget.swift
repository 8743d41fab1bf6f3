// Compiled into the module DetectionData by launch/fuzz.sh, with libFuzzer's main around it.
internal import Foundation

/// Which reader the bytes go to.
private enum Reader: String {
    case jpeg, json, rle, proposals, xml

    static let chosen: Reader = {
        let name = ProcessInfo.processInfo.environment["ALIGNDET_FUZZ"] ?? ""
        guard let reader = Reader(rawValue: name) else {
            fatalError("ALIGNDET_FUZZ names no reader: '\(name)'")
        }
        return reader
    }()
}

/// Bytes in a file, for readers that take a path.
private enum FuzzFile {
    static let path = "/dev/shm/aligndet-fuzz-\(getpid())"

    static func write(_ bytes: [UInt8], to path: String = path) {
        guard let file = fopen(path, "wb") else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    switch Reader.chosen {
    case .jpeg: jpeg(bytes)
    case .json: json(bytes)
    case .rle: rle(bytes)
    case .proposals: proposals(bytes)
    case .xml: _ = try? XMLElement.read(bytes, name: "input")
    }
    return 0
}

private func jpeg(_ bytes: [UInt8]) {
    _ = EXIFOrientation(jpeg: bytes)
    for bound in [nil, DecodeBound(shortSide: 16, maximumLongSide: 32)] {
        for damage in [DamagePolicy.refuse, .keepPartial] {
            _ = try? ImageFile.decode(bytes, name: "input", damage: damage, pixelLimit: 1 << 18, bound: bound)
        }
    }
}

private func json(_ bytes: [UInt8]) {
    for use in [COCOAnnotations.Use.training, .scoring, .imageList] {
        var scanner = JSONScanner(bytes: bytes, name: "input", acceptsNonFinite: use == .scoring)
        _ = try? COCOAnnotations.read(&scanner, for: use, withMasks: use == .training)
    }
    FuzzFile.write(bytes)
    for threadCount in [1, 3] {
        _ = try? COCOResults.read(
            path: FuzzFile.path, acceptsNonFinite: threadCount > 1, withMasks: true, threadCount: threadCount)
    }
}

/// The first bytes give the size, the rest is the text of runs, counts and a polygon.
private func rle(_ bytes: [UInt8]) {
    guard bytes.count > 3 else { return }
    let (width, height) = (Int(bytes[0]) + 256 * Int(bytes[2] & 1), Int(bytes[1]))
    let rest = Array(bytes.dropFirst(3))
    if let mask = try? RLEMask(width: width, height: height, text: String(decoding: rest, as: UTF8.self)) {
        use(mask)
        guard try! RLEMask(width: width, height: height, text: mask.text) == mask else {
            fatalError("a mask of \(width)x\(height) is another one after writing and reading")
        }
    }
    let counts = stride(from: 0, to: rest.count - 1, by: 2).map { Int(rest[$0]) | Int(rest[$0 + 1]) << 8 }
    if let mask = try? RLEMask(width: width, height: height, untrusted: counts) { use(mask) }
    // Corners anywhere within the bounds that the readers of files enforce.
    let corners = counts.prefix(40).map {
        Double(Int16(truncatingIfNeeded: $0)) / (bytes[2] & 2 == 0 ? 64 : 0.04)
    }
    .filter { abs($0) < 1e6 }
    let even = Array(corners.prefix(corners.count & ~1))
    if even.count >= 6, width > 0, height > 0 {
        use(RLEMask(width: width, height: height, polygons: [even, Array(even.reversed())]))
    }
}

private func use(_ mask: RLEMask) {
    let pixels = mask.pixels
    guard pixels.reduce(0, { $0 + Int($1) }) == mask.area else { fatalError("area \(mask.area)") }
    _ = (mask.boundingBox, mask.boundaries, RLEMask.union([mask, mask]).area)
}

/// A part of a proposal file, and a whole one against some images.
private func proposals(_ bytes: [UInt8]) {
    let images = [
        COCOAnnotations.ImageRecord(id: 1, fileName: "a.jpg", width: 64, height: 48),
        COCOAnnotations.ImageRecord(id: 2, fileName: "b.jpg", width: 48, height: 64),
    ]
    let parts = ProposalParts(
        beside: FuzzFile.path, info: ProposalFile.Info(description: "", parameters: [:], images: images))
    mkdir(parts.folder, 0o700)
    FuzzFile.write(bytes, to: parts.folder + "/0")
    _ = try? parts.read(0)
    FuzzFile.write(parts.sealed(bytes), to: parts.folder + "/0")
    _ = try? parts.read(0)
    FuzzFile.write(bytes)
    _ = try? ProposalFile.info(ofFile: FuzzFile.path)
    if let report = try? ProposalCheck.report(of: FuzzFile.path, against: images, filter: .soCo) {
        _ = report.table
    }
    _ = try? KnownBoxes.read(FuzzFile.path, for: images)
    if let annotations = try? COCOAnnotations.read(path: FuzzFile.path) {
        mkdir(parts.folder + "/images", 0o700)
        for image in images { FuzzFile.write([], to: "\(parts.folder)/images/\(image.fileName)") }
        _ = try? COCODataset(
            annotations, imageFolder: parts.folder + "/images",
            options: COCODataset.Options(
                use: .pretraining, classNames: nil, subset: .all, policy: .dropWithReport, orientation: .apply
            ))
    }
}
