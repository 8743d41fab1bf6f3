internal import Collectives
internal import Randomness
internal import Tensors

/// K-means over points that are spread over ranks. All sums are exact, so the clusters are the same for any number of
/// ranks.
/// - Source: Lloyd, 1982; seeds by Arthur and Vassilvitskii, "k-means++", SODA 2007.
struct KMeans {
    /// Points by block, [rows, dimension] each, entries within -2...2. Which rows form a block must not depend on the
    /// number of ranks.
    private let blocks: [[Float]]
    private let dimension: Int
    private let clusterCount: Int
    private let communicator: any Communicator
    /// Of this rank's points, and of all points on ranks before it.
    private let (count, start): (Int, Int)
    private let totalCount: Int
    /// [clusterCount, dimension].
    private var centres: [Float]

    struct Result {
        /// The cluster of each of this rank's points, in order.
        let clusters: [Int32]
        let iterationCount: Int
        /// Mean squared distance of points to their centres.
        let meanSquaredDistance: Double
    }

    /// - Throws: where there are fewer different points than clusters.
    static func fit(
        _ blocks: [[Float]], dimension: Int, clusterCount: Int, seed: UInt64, iterationLimit: Int,
        communicator: any Communicator
    ) throws -> Result {
        var fit = try KMeans(blocks, dimension, clusterCount, communicator)
        try fit.chooseSeeds(seed)
        return try fit.iterate(limit: iterationLimit)
    }

    private init(
        _ blocks: [[Float]], _ dimension: Int, _ clusterCount: Int, _ communicator: any Communicator
    ) throws {
        (self.blocks, self.dimension, self.clusterCount) = (blocks, dimension, clusterCount)
        self.communicator = communicator
        count = blocks.reduce(0) { $0 + $1.count } / dimension
        let counts = try Self.perRank(Int64(count), communicator, label: "points of ranks")
        start = Int(counts.prefix(communicator.topology.rank).reduce(0, +))
        totalCount = Int(counts.reduce(0, +))
        centres = [Float](repeating: 0, count: clusterCount * dimension)
    }

    // MARK: Seeds

    /// The first centre is any point, each further one a point with a chance in proportion to its squared distance from the
    /// nearest centre so far.
    private mutating func chooseSeeds(_ seed: UInt64) throws {
        guard totalCount >= clusterCount else { throw tooFew(totalCount) }
        var distances = [Int64](repeating: .max, count: count)
        for cluster in 0..<clusterCount {
            var random = RandomSource(seed: seed, sample: cluster, purpose: .clustering)
            let share = random.uniformDouble()
            let chosen: Int?
            if cluster == 0 {
                let position = min(Int(share * Double(totalCount)), totalCount - 1) - start
                chosen = (0..<count).contains(position) ? position : nil
            } else {
                chosen = try draw(distances, share, found: cluster)
            }
            try setCentre(cluster, to: chosen)
            update(&distances, with: cluster)
        }
    }

    /// The position of the point drawn, on the rank that has it.
    private func draw(_ distances: [Int64], _ share: Double, found: Int) throws -> Int? {
        let sums = try Self.perRank(distances.reduce(0, +), communicator, label: "squared distances")
        let total = sums.reduce(0, +)
        guard total > 0 else { throw tooFew(found) }
        var target =
            min(Int64(share * Double(total)), total - 1)
            - sums.prefix(communicator.topology.rank).reduce(0, +)
        guard target >= 0, target < sums[communicator.topology.rank] else { return nil }
        for (position, distance) in distances.enumerated() {
            if target < distance { return position }
            target -= distance
        }
        return nil
    }

    /// - position: of the point on this rank; nil where another rank has it.
    private mutating func setCentre(_ cluster: Int, to position: Int?) throws {
        var centre = [Float](repeating: 0, count: dimension)
        if let position { centre = point(position) }
        // All but one are zeros.
        centre = try communicator.reduced(centre, .sum, label: "centre of a cluster")
        centres.replaceSubrange(cluster * dimension..<(cluster + 1) * dimension, with: centre)
    }

    private func point(_ position: Int) -> [Float] {
        var row = position
        for block in blocks {
            let rows = block.count / dimension
            if row < rows { return Array(block[row * dimension..<(row + 1) * dimension]) }
            row -= rows
        }
        preconditionFailure("point \(position) of \(count)")
    }

    private func update(_ distances: inout [Int64], with cluster: Int) {
        let centre = Array(centres[cluster * dimension..<(cluster + 1) * dimension])
        var position = 0
        for block in blocks {
            for row in 0..<block.count / dimension {
                let distance = Self.encode(squaredDistance(block, row, centre[...]))
                distances[position] = min(distances[position], distance)
                position += 1
            }
        }
    }

    private func squaredDistance(_ block: [Float], _ row: Int, _ centre: ArraySlice<Float>) -> Float {
        block.withUnsafeBufferPointer { block in
            centre.withUnsafeBufferPointer { centre in
                var sum: Float = 0
                for i in 0..<dimension {
                    let difference = block[row * dimension + i] - centre[i]
                    sum += difference * difference
                }
                return sum
            }
        }
    }

    /// Squared distances up to 16, the sum of 2^27 of which stays within 64 bits.
    private static func encode(_ squaredDistance: Float) -> Int64 {
        Int64((Double(squaredDistance) * 0x1p32).rounded())
    }

    // MARK: Iterations

    private mutating func iterate(limit: Int) throws -> Result {
        var clusters = [Int32](repeating: -1, count: count)
        var distances = [Int64](repeating: 0, count: count)
        var iteration = 0
        var total: Int64 = 0
        while true {
            iteration += 1
            let changed = assign(&clusters, &distances)
            let sums = try communicator.reduced(
                [Int64(changed), distances.reduce(0, +)], .sum, label: "points that changed cluster")
            total = sums[1]
            if sums[0] == 0 || iteration == limit { break }
            try moveCentres(clusters, &distances)
        }
        return Result(
            clusters: clusters, iterationCount: iteration,
            meanSquaredDistance: Double(total) / 0x1p32 / Double(totalCount))
    }

    /// Each point to its nearest centre, the first of equally near ones.
    /// - Returns: how many points of this rank changed.
    private func assign(_ clusters: inout [Int32], _ distances: inout [Int64]) -> Int {
        let halves = (0..<clusterCount).map { cluster in
            centres[cluster * dimension..<(cluster + 1) * dimension].reduce(Float(0)) { $0 + $1 * $1 } / 2
        }
        var (position, changed) = (0, 0)
        for block in blocks {
            let rows = block.count / dimension
            let products = LinearAlgebra.product(
                block, centres, m: rows, n: clusterCount, k: dimension, transposeB: true)
            for row in 0..<rows {
                var (best, least) = (0, Float.infinity)
                for cluster in 0..<clusterCount {
                    let value = halves[cluster] - products[row * clusterCount + cluster]
                    if value < least { (best, least) = (cluster, value) }
                }
                if clusters[position] != Int32(best) { changed += 1 }
                clusters[position] = Int32(best)
                distances[position] = Self.encode(
                    squaredDistance(block, row, centres[best * dimension..<(best + 1) * dimension]))
                position += 1
            }
        }
        return changed
    }

    /// Each centre to the mean of its points; one without points to the point that lies farthest from its own centre.
    private mutating func moveCentres(_ clusters: [Int32], _ distances: inout [Int64]) throws {
        var sums = [Int64](repeating: 0, count: clusterCount * (dimension + 1))
        var position = 0
        for block in blocks {
            for row in 0..<block.count / dimension {
                let start = Int(clusters[position]) * (dimension + 1)
                sums[start] += 1
                for i in 0..<dimension {
                    sums[start + 1 + i] += FixedPoint.encode(block[row * dimension + i])
                }
                position += 1
            }
        }
        sums = try communicator.reduced(sums, .sum, label: "sums of clusters")
        for cluster in 0..<clusterCount {
            let start = cluster * (dimension + 1)
            guard sums[start] > 0 else {
                try setCentre(cluster, to: try takeFarthest(&distances))
                continue
            }
            for i in 0..<dimension {
                centres[cluster * dimension + i] = Float(
                    FixedPoint.decode(sums[start + 1 + i]) / Double(sums[start]))
            }
        }
    }

    /// The farthest point of all, the first of equally far ones, on the rank that has it; it is not taken again.
    private func takeFarthest(_ distances: inout [Int64]) throws -> Int? {
        let farthest = try communicator.reduced(distances.max() ?? -1, .maximum, label: "farthest point")
        let mine = distances.firstIndex(of: farthest)
        let first = try communicator.reduced(
            mine.map { Int64(start + $0) } ?? .max, .minimum, label: "place of the farthest point")
        guard let mine, Int64(start + mine) == first else { return nil }
        distances[mine] = -1
        return mine
    }

    private func tooFew(_ found: Int) -> TrainingError {
        TrainingError(
            .badInput, "\(found) different crops cannot make \(clusterCount) clusters",
            hint: "ask for fewer clusters, or give more proposals")
    }

    /// Every rank's number, on all ranks.
    private static func perRank(
        _ value: Int64, _ communicator: any Communicator, label: String
    ) throws -> [Int64] {
        var values = [Int64](repeating: 0, count: communicator.topology.size)
        values[communicator.topology.rank] = value
        return try communicator.reduced(values, .sum, label: label)
    }
}
