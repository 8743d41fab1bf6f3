internal import ArgumentParser
internal import Collectives

/// How sums over ranks are made.
struct AllReduceArguments: ParsableArguments {
    @Option(help: "How gradients are summed over ranks: auto, or an algorithm by name.")
    var allreduce: AllReduceAlgorithm = .auto

    @Option(help: "How gradients travel between hosts: bf16 halves the bytes and rounds.")
    var allreduceDtype: PayloadType = .f32

    var settings: CommunicatorSettings {
        var settings = CommunicatorSettings()
        settings.algorithm = allreduce
        settings.payload = allreduceDtype
        return settings
    }
}

extension AllReduceAlgorithm: ExpressibleByArgument {}
extension PayloadType: ExpressibleByArgument {}
