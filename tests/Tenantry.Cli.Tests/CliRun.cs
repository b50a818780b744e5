using System.Text;
using System.Text.Json;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Tests;

/// <summary>What came of running a command line.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    /// <summary>Runs the real command line in this process, without a terminal.</summary>
    public static Task<CliRun> Of(FakeApi api, params string[] arguments) =>
        Of(new CliSetting { Data = api.Folder }, arguments);

    public static async Task<CliRun> Of(CliSetting setting, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        await using var outWriter = new StreamWriter(output, new UTF8Encoding(false), leaveOpen: true) { AutoFlush = true };
        await using var errorWriter = new StreamWriter(error, new UTF8Encoding(false), leaveOpen: true) { AutoFlush = true };
        var host = new CliHost
        {
            Out = setting.Out ?? outWriter,
            Error = errorWriter,
            In = setting.In ?? new StringReader(setting.Input),
            OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(setting.Input)),
            OpenOutput = () => new Unclosed(output),
            OpenError = () => new Unclosed(error),
            InputIsTerminal = setting.IsTerminal,
            OutputIsTerminal = false,
            ErrorIsTerminal = setting.IsTerminal,
            Variable = name => setting.Variables.GetValueOrDefault(name),
            WorkingFolder = setting.WorkingFolder,
            IsRoot = false,
        };
        string[] all = setting.Data is null || arguments.Length == 0 ? arguments : [arguments[0], "--data", setting.Data, .. arguments[1..]];
        var code = await CommandLine.RunAsync(Program.Verbs, all, host, setting.CancellationToken);
        return new(code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
    }

    private sealed class Unclosed(MemoryStream inner) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Write(ReadOnlySpan<byte> buffer) => inner.Write(buffer);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);
    }
}

/// <summary>What surrounds a command line.</summary>
internal sealed record CliSetting
{
    public string? Data { get; init; }

    public string Input { get; init; } = "";

    /// <summary>Standard input that is read otherwise.</summary>
    public TextReader? In { get; init; }

    /// <summary>Standard output that goes elsewhere.</summary>
    public TextWriter? Out { get; init; }

    /// <summary>True when a person sits before it.</summary>
    public bool IsTerminal { get; init; }

    public string WorkingFolder { get; init; } = Path.GetTempPath();

    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public CancellationToken CancellationToken { get; init; }
}
