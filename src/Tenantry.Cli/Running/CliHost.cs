namespace Tenantry.Cli.Running;

/// <summary>What surrounds the program: streams, variables, folder, clock. Tests hand in their own.</summary>
internal sealed record CliHost
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    /// <summary>Standard input as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Standard output as bytes.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>Standard error as bytes.</summary>
    public required Func<Stream> OpenError { get; init; }

    public required bool InputIsTerminal { get; init; }

    public required bool OutputIsTerminal { get; init; }

    public required bool ErrorIsTerminal { get; init; }

    /// <summary>A variable, or null when it is not set or empty.</summary>
    public required Func<string, string?> Variable { get; init; }

    public required string WorkingFolder { get; init; }

    public required bool IsRoot { get; init; }

    /// <summary>Width and height of the terminal in cells, 0 where it does not say.</summary>
    public Func<(int Width, int Height)> TerminalSize { get; init; } = () => (Console.WindowWidth, Console.WindowHeight);

    /// <summary>Cancelled by Ctrl-C and SIGTERM.</summary>
    public CancellationToken Interrupted { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The process as it was started.</summary>
    public static CliHost OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        OpenInput = Console.OpenStandardInput,
        OpenOutput = Console.OpenStandardOutput,
        OpenError = Console.OpenStandardError,
        InputIsTerminal = !Console.IsInputRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Variable = name => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null,
        WorkingFolder = Environment.CurrentDirectory,
        IsRoot = Environment.IsPrivilegedProcess,
    };

    /// <summary>An absolute path.</summary>
    public string FullPath(string path) => Path.GetFullPath(path, WorkingFolder);
}
