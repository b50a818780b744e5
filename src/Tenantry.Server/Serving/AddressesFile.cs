using System.Text;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary><c>addresses.json</c>: where the web side of this data folder listens.</summary>
internal static class AddressesFile
{
    private const UnixFileMode EverybodyReads = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public static void Write(string path, ServeAddresses addresses) =>
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(addresses.ToJson() + "\n"), durable: true, EverybodyReads);
}
