/// Which images of an annotation file take part. The choice is made on the file's own list, before any image is left
/// out for having no boxes, so that the same words mean the same images everywhere.
package enum ImageSubset: Sendable, Equatable {
    case all
    /// The first so many images in file order.
    case first(Int)
    /// The images with these ids, in file order.
    case ids([Int])
    /// The labelled part of a low-data fold: so many percent of the images, drawn with a seed (see `LabelFold`).
    case fold(percent: Double, seed: UInt32)

    /// Positions in `images`, ascending.
    /// - Throws: where the file cannot give what is asked for; `source` names it.
    package func positions(
        in images: [COCOAnnotations.ImageRecord], source: String
    ) throws(DataError) -> [Int] {
        switch self {
        case .all: return Array(images.indices)
        case .first(let count):
            guard (1...max(images.count, 1)).contains(count), !images.isEmpty else {
                throw DataError(
                    .usage, "\(source): the first \(count) images asked of a file with \(images.count)")
            }
            return Array(0..<count)
        case .ids(let ids):
            let known = Set(images.lazy.map(\.id))
            if let stranger = ids.first(where: { !known.contains($0) }) {
                throw DataError(.usage, "\(source): image \(stranger) of the subset is not in the file")
            }
            let wanted = Set(ids)
            return images.indices.filter { wanted.contains(images[$0].id) }
        case .fold(let percent, let seed):
            guard percent > 0, percent <= 100, LabelFold.count(of: images.count, percent: percent) > 0 else {
                throw DataError(
                    .usage, "\(source): \(percent) percent of \(images.count) images is not a subset")
            }
            return LabelFold.positions(of: images.count, percent: percent, seed: seed).sorted()
        }
    }
}
