using System.Globalization;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Store;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Secrets;

/// <summary>
/// Replaces the engine's key while everything runs: a next key is made, each data key is put under it, the store says so, and the next key's file takes the
/// place of the present one. Cut off anywhere, the next start goes on; secrets can be read and written all the time.
/// </summary>
public sealed class EngineRekey(
    IStore store, DataFolders folders, EngineKeyRing keys, Func<CancellationToken, Task<IReadOnlyList<string>>> others, IRekeyObserver? observer, ILogger<EngineRekey> log)
{
    private const int AtOnce = 100;
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Rotates the key.</summary>
    /// <exception cref="TargetException">Another engine uses the store: it would not have the new key.</exception>
    public async Task<RekeyReport> RunAsync(CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken);
        try
        {
            if (await others(cancellationToken) is [var other, ..])
            {
                throw new TargetException(
                    $"The engine '{other}' uses the same store and would not have the new key.",
                    retryable: false,
                    fix: "Stop the other control planes, rotate the key, give each a copy of engine/engine.key, and start them again.",
                    fault: TargetFault.Input);
            }

            if (keys.NextMark is null)
                keys.Begin(EngineKey.Create(folders.NextEngineKey));
            observer?.Boundary();
            return await FinishAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Goes on with a rotation that was cut off. Null when there is none.</summary>
    public async Task<RekeyReport?> ResumeAsync(CancellationToken cancellationToken)
    {
        if (keys.NextMark is null)
            return null;
        var report = await FinishAsync(cancellationToken);
        log.LogInformation("The rotation of the engine's key that was cut off is done: {Count} data keys were left", report.DataKeys);
        return report;
    }

    private async Task<RekeyReport> FinishAsync(CancellationToken cancellationToken)
    {
        var (before, mark) = (keys.PresentMark, keys.NextMark!);
        var count = 0;
        do
        {
            for (IReadOnlyList<DataKey> some; (some = await store.ListDataKeysOtherThanAsync(mark, AtOnce, cancellationToken)).Count > 0;)
            {
                foreach (var stored in some)
                {
                    using var key = keys.Unwrap(stored);
                    if (await store.RewrapDataKeyAsync(keys.Wrap(stored.Holder, key, stored.CreatedAt), stored.EngineKey, cancellationToken))
                        count++;
                    observer?.Boundary();
                }
            }
        }
        while (!await store.ReplaceEngineKeyAsync(before, mark, cancellationToken));
        observer?.Boundary();
        EngineKey.Promote(folders);
        observer?.Boundary();
        keys.Finish();
        log.LogInformation("The engine's key was replaced; {Count} data keys are under the new one", count);
        return new RekeyReport(count, mark);
    }
}

/// <summary>What came of a rotation: how many data keys were put under the new key, and its mark.</summary>
public sealed record RekeyReport(int DataKeys, string Mark);

/// <summary>Is told each boundary of a rotation of the engine's key.</summary>
public interface IRekeyObserver
{
    void Boundary();
}

/// <summary>For crash tests: with <c>TENANTRY_CRASH_AT_REKEY=3</c> in its environment the engine is killed, as by <c>kill -9</c>, at the third boundary.</summary>
public sealed class CrashAtRekey(int number) : IRekeyObserver
{
    public const string Variable = "TENANTRY_CRASH_AT_REKEY";
    private int seen;

    /// <summary>What the environment asks for, or null. A value that cannot be read ends the program: a crash test must not pass by not crashing.</summary>
    public static CrashAtRekey? FromEnvironment() => Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } value
        ? null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? new CrashAtRekey(number)
            : throw new FormatException($"{Variable} is '{value}'; expected is a number from 1.");

    /// <inheritdoc/>
    public void Boundary()
    {
        if (Interlocked.Increment(ref seen) == number)
            ThisProcess.EndAtOnce();
    }
}
