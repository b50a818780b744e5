using System.Globalization;
using System.Runtime.InteropServices;
using Tenantry.Server.People.Oidc;

namespace Tenantry.Server.Serving;

/// <summary>How root runs what faces the world: as an ordinary user without any capability, which sees the data folder wherever it lies.</summary>
internal static partial class OrdinaryUser
{
    /// <summary>
    /// Puts this program, as that user and with the same options, in the place of this process. The folders are laid out before. Does not return.
    /// </summary>
    /// <exception cref="ServeRefusedException">There is no such user, or what it needs is missing.</exception>
    public static void Become(ServeOptions options)
    {
        var user = WebUser.Find(options.WebUser);
        ServeFolders.Prepare(options.Folders, user);
        var command = Command(options, user, addresses: null, options.TakesOver ? ["--take-over"] : []);
        foreach (var (name, value) in Variables(options))
            Environment.SetEnvironmentVariable(name, value);
        var variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key}={entry.Value}");
        var program = Find(command[0]);
        _ = Execute(program, [.. command, null], [.. variables, null]);
        throw new ServeRefusedException($"{program} could not be started: {Marshal.GetLastPInvokeErrorMessage()}.");
    }

    /// <summary>The command line that runs the web side's roles as that user.</summary>
    public static IReadOnlyList<string> Command(ServeOptions options, WebUser user, ServeAddresses? addresses, params IReadOnlyList<string> more)
    {
        var barrier = WebUser.FirstBarrier(options.DataFolder);
        var folder = barrier is null ? options.DataFolder : ServeFolders.Window(options.Folders);
        string[] command = [.. Privileges(user), .. WebProgram.Command(options), .. Arguments(options, addresses, folder), .. more];
        return barrier is null ? command : Shown(options.DataFolder, folder, command);
    }

    /// <summary>What it has to find in its environment.</summary>
    public static IEnumerable<(string Name, string Value)> Variables(ServeOptions options) =>
    [
        ("HOME", options.Folders.StoreFolder),
        // May hold a password, which must not be seen in the list of processes.
        ("TENANTRY_STORE", options.Store),
        (ShownFolder, options.DataFolder),
        // What forwards is compiled a second time by what it was seen to do.
        (SecondCompilation, "1"),
        // Holds the client's secret; the ordinary user may not be able to read the file.
        .. options.Oidc is null ? (IEnumerable<(string, string)>)[] : [(OidcOptions.Variable, options.Oidc.ToJson())],
    ];

    /// <summary>The runtime's second compilation by profile.</summary>
    public const string SecondCompilation = "DOTNET_TieredPGO";

    /// <summary>Names the data folder as people know it.</summary>
    public const string ShownFolder = "TENANTRY_DATA_SHOWN";

    // In a mount namespace of its own the web side sees the data folder where it can reach it; nobody else sees that.
    internal static string[] Shown(string folder, string window, IReadOnlyList<string> command) =>
    [
        "unshare", "--mount", "--propagation", "private", "--",
        "/bin/sh", "-c", "mount --bind -- \"$1\" \"$2\" && shift 2 && exec \"$@\"", "sh", folder, window,
        .. command,
    ];

    private static string[] Privileges(WebUser user) =>
    [
        "setpriv",
        string.Create(CultureInfo.InvariantCulture, $"--reuid={user.Id}"),
        string.Create(CultureInfo.InvariantCulture, $"--regid={user.Group}"),
        "--clear-groups",
        "--no-new-privs",
        "--inh-caps=-all",
        "--bounding-set=-all",
        "--",
    ];

    /// <summary>What says the same options to another process.</summary>
    internal static string[] Arguments(ServeOptions options, ServeAddresses? addresses, string folder) =>
    [
        "serve",
        "--data", folder,
        "--api", addresses?.Api?.Authority ?? options.Api,
        "--gateway", addresses?.Gateway?.Authority ?? options.Gateway,
        "--base-domain", options.BaseDomain,
        .. options.GatewayTls is null ? (string[])[] : ["--gateway-tls", addresses?.GatewayTls?.Authority ?? options.GatewayTls],
        .. options.Certificates is null ? (string[])[] : ["--certificates", options.Certificates],
        .. options.Metrics is null ? (string[])[] : ["--metrics", options.Metrics],
        .. options.TrustedProxies.SelectMany(network => new[] { "--trusted-proxy", network }),
        "--role", string.Join(',', new[] { ServeRoles.Api, ServeRoles.Gateway }.Where(role => options.Roles.HasFlag(role)).Select(role => role.ToString().ToLowerInvariant())),
        "--log-level", options.LogLevel.ToString().ToLowerInvariant(),
        "--log-format", options.LogFormat.ToString().ToLowerInvariant(),
        .. options.PublicUrl is null ? (string[])[] : ["--public-url", options.PublicUrl.GetLeftPart(UriPartial.Authority)],
        .. options.ApiUrl is null ? (string[])[] : ["--api-url", options.ApiUrl.GetLeftPart(UriPartial.Authority)],
    ];

    private static string Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin")
        .Split(':')
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists) ?? throw new ServeRefusedException($"'{program}' is needed to give up root's privileges and is not there. Install it: 'apt-get install util-linux'.");

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string program, string?[] arguments, string?[] variables);
}
