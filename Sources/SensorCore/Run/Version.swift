/// Which Vedette this is.
package enum Version {
    package static let current = "0.3.0"
}
