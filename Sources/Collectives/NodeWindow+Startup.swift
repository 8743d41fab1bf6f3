internal import CMPI

extension NodeWindow {
    /// Makes the window on all ranks, or on none: a full or small /dev/shm on one node is no reason to stop.
    /// - Returns: the window, or why some rank could not make it.
    static func makeOnAllRanks(
        node: MPIGroup, counterparts: MPIGroup?, settings: CommunicatorSettings, world: MPIGroup
    ) throws(CollectiveError) -> (window: NodeWindow?, failure: String?) {
        var made: NodeWindow?
        var failure: String?
        do throws(CollectiveError) {
            made = try NodeWindow(
                node: node, counterparts: counterparts, settings: settings, rank: world.rank)
        } catch {
            failure = "\(error.call): \(error.text)"
        }
        var everywhere: Int64 = made == nil ? 0 : 1
        try MPIGroup.check(
            cmpi_allreduce(world.handle, &everywhere, 1, CMPI_INT64, CMPI_MIN), rank: world.rank)
        if everywhere == 1 { return (made, nil) }
        return (nil, failure ?? "another rank has no room for shared memory")
    }
}
