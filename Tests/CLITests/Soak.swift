import Foundation

/// Whether the long forms of the tests are asked for: launch/soak.sh.
enum Soak {
    static let isOn = ProcessInfo.processInfo.environment["ALIGNDET_SOAK"] != nil
}
