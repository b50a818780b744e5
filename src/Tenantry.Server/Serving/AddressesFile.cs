using System.Text;
using System.Text.Json;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Serving;

/// <summary><c>addresses.json</c>: where the web side of this data folder listens.</summary>
internal static class AddressesFile
{
    private const UnixFileMode EverybodyReads = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes where these roles listen; what another process said of the others stays.</summary>
    public static void Write(string path, ServeAddresses addresses, ServeRoles roles)
    {
        var others = Read(path);
        if (!roles.HasFlag(ServeRoles.Api))
            addresses = addresses with { Api = others?.Api, ApiSocket = others?.ApiSocket };
        if (!roles.HasFlag(ServeRoles.Gateway))
            addresses = addresses with { Gateway = others?.Gateway, GatewayTls = others?.GatewayTls };
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(addresses.ToJson() + "\n"), durable: true, EverybodyReads);
    }

    /// <summary>What it says; null while there is none that can be read.</summary>
    public static ServeAddresses? Read(string path)
    {
        try
        {
            return ServeAddresses.Read(File.ReadAllText(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or UriFormatException)
        {
            return null;
        }
    }
}
