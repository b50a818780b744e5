namespace Tenantry.Targets.Processes;

/// <summary>A program to run. Built by pure functions and held by golden tests; secrets travel in its input or its variables, never in its arguments.</summary>
/// <param name="Program">Its name, found on the path, or its absolute path.</param>
/// <param name="Arguments">Its arguments, each as the program gets it: no shell reads them.</param>
public sealed record ChildCommand(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Makes one.</summary>
    public ChildCommand(string program, params string[] arguments)
        : this(program, (IReadOnlyList<string>)arguments)
    {
    }

    /// <summary>Variables in addition to, or in place of, this process's own. Null removes one.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>True: the child gets <see cref="Environment"/> and nothing of this process's.</summary>
    public bool OnlyThisEnvironment { get; init; }

    /// <summary>Where it starts; null for this process's folder.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Its standard input; null for none.</summary>
    public Stream? Input { get; init; }

    /// <summary>Program and arguments, for logs and errors.</summary>
    public override string ToString() => string.Join(' ', Arguments.Prepend(Program));
}

/// <summary>What a program left.</summary>
/// <param name="ExitCode">Its exit code; 128 and a signal's number when a signal ended it.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record ChildResult(int ExitCode, string Output, string Error)
{
    /// <summary>The last lines of what it said: of its errors if there are any.</summary>
    public string LastLines(int count) => Lines.Last(Error.Trim().Length > 0 ? Error : Output, count);
}

/// <summary>One line that a program printed.</summary>
/// <param name="IsError">True for its standard error.</param>
/// <param name="Text">The line.</param>
public sealed record ChildLine(bool IsError, string Text);

internal static class Lines
{
    internal static string Last(string text, int count) =>
        string.Join('\n', text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0).TakeLast(count));
}
