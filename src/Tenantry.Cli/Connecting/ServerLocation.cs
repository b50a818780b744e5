using Tenantry.Cli.Running;
using Tenantry.Client;
using Tenantry.Server;

namespace Tenantry.Cli.Connecting;

/// <summary>Finds the control plane: what the command line says goes before what variables say, and those before the default.</summary>
internal static class ServerLocation
{
    public static TenantryAddress Of(CliHost host, string? serverOption, string? dataOption)
    {
        if (serverOption is not null)
            return Parse(serverOption, "--server");
        if (dataOption is not null)
            return Socket(host.FullPath(dataOption));
        if (host.Variable("TENANTRY_SERVER") is { } server)
            return Parse(server, "TENANTRY_SERVER");
        if (host.Variable("TENANTRY_DATA") is { } data)
            return Socket(host.FullPath(data));
        var own = Socket(DataFolder.Default(host));
        var roots = Socket(DataFolder.OfRoot);
        return !File.Exists(own.Socket) && File.Exists(roots.Socket) ? roots : own;
    }

    private static TenantryAddress Socket(string folder) => TenantryAddress.OfSocket(new DataFolders(folder).ApiSocket);

    private static TenantryAddress Parse(string text, string source)
    {
        try
        {
            return TenantryAddress.Parse(text);
        }
        catch (FormatException wrong)
        {
            throw new CliException(ExitCode.Usage, $"{source}: {wrong.Message}");
        }
    }
}
