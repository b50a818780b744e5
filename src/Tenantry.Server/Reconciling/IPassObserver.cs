using System.Globalization;
using Tenantry.Model.Operations;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Reconciling;

/// <summary>Is told each boundary of an operation's work, after it was written to the store.</summary>
public interface IPassObserver
{
    /// <summary>
    /// Boundary <paramref name="number"/>, from 1, of an operation's work in this pass: its begin, each step's begin and end, and last the
    /// moment before the outcome is written.
    /// </summary>
    ValueTask BoundaryAsync(OperationKind kind, int number, CancellationToken cancellationToken);
}

/// <summary>
/// For crash tests: with <c>TENANTRY_CRASH_AT=create:3</c> in its environment the engine is killed, as by <c>kill -9</c>, at the
/// third boundary of a creation.
/// </summary>
public sealed class CrashAt(OperationKind kind, int number) : IPassObserver
{
    public const string Variable = "TENANTRY_CRASH_AT";

    /// <summary>What the environment asks for, or null. A value that cannot be read ends the program: a crash test must not pass by not crashing.</summary>
    public static CrashAt? FromEnvironment() => Read(Environment.GetEnvironmentVariable(Variable));

    internal static CrashAt? Read(string? value)
    {
        if (string.IsNullOrEmpty(value))
            return null;
        return value.Split(':') is [var word, var count] && Enum.TryParse<OperationKind>(word, ignoreCase: true, out var kind) &&
            int.TryParse(count, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new CrashAt(kind, number)
            : throw new FormatException($"{Variable} is '{value}'; expected is KIND:N, such as create:3.");
    }

    internal bool Matches(OperationKind seen, int at) => seen == kind && at == number;

    public ValueTask BoundaryAsync(OperationKind kind, int number, CancellationToken cancellationToken)
    {
        if (Matches(kind, number))
            ThisProcess.EndAtOnce();
        return ValueTask.CompletedTask;
    }
}
