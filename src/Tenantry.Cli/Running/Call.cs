using System.CommandLine;
using Tenantry.Cli.Connecting;
using Tenantry.Cli.Writing;
using Tenantry.Client;

namespace Tenantry.Cli.Running;

/// <summary>One invocation of a command: its arguments, where it writes, and the control plane it speaks to.</summary>
internal sealed class Call : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ParseResult _parsed;
    private readonly string? _folder;
    private TenantryClient? _client;

    public Call(ParseResult parsed, CliHost host, CancellationToken cancellationToken)
    {
        _parsed = parsed;
        Host = host;
        CancellationToken = cancellationToken;
        Output = new(host, parsed.GetValue(GlobalOptions.Output) == "json");
    }

    private Call(Call other, string? folder, CancellationToken cancellationToken)
        : this(other._parsed, other.Host, cancellationToken) => _folder = folder;

    public CliHost Host { get; }

    public Output Output { get; }

    /// <summary>Cancelled by Ctrl-C and SIGTERM.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>Where the control plane is.</summary>
    public TenantryAddress Address => ServerLocation.Of(Host, _folder is null ? _parsed.GetValue(GlobalOptions.Server) : null, _folder ?? DataOption);

    /// <summary>Made at the first use, so that commands without a control plane need none.</summary>
    public TenantryClient Client => _client ??= new(Address, Host.Variable("TENANTRY_TOKEN"));

    /// <summary>What <c>--data</c> said, or null.</summary>
    public string? DataOption => _parsed.GetValue(GlobalOptions.Data);

    /// <summary>Where this machine's control plane keeps everything.</summary>
    public string DataFolder => Connecting.DataFolder.Of(Host, DataOption);

    public T? Value<T>(Option<T> option) => _parsed.GetValue(option);

    public T? Value<T>(Argument<T> argument) => _parsed.GetValue(argument);

    public string Required(Argument<string> argument) => _parsed.GetRequiredValue(argument);

    /// <summary>True when the option was written on the command line.</summary>
    public bool IsGiven(Option option) => _parsed.GetResult(option) is { Implicit: false };

    /// <summary>From here on something goes on that outlives a restart of the control plane: reads wait for one.</summary>
    public void BePatient() => Client.Patience = Patience;

    /// <summary>The same call, speaking to the control plane of a data folder.</summary>
    public Call On(string folder) => new(this, folder, CancellationToken);

    /// <summary>The same call for what has to be done also after an interruption.</summary>
    public Call Uninterrupted() => new(this, _folder, CancellationToken.None);

    public void Dispose() => _client?.Dispose();
}
