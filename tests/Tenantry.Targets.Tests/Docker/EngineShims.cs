using System.Globalization;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Tests.Docker;

/// <summary>What an engine runs containers by, one process each: an engine that is killed leaves them, and the next one need not take them all over.</summary>
/// <param name="folder">The engine's exec-root.</param>
internal sealed class EngineShims(string folder)
{
    /// <summary>Ids of those that are there.</summary>
    internal IReadOnlyList<int> Find() =>
    [
        .. Directory.GetDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && Command(pid) is [var program, ..] command && Path.GetFileName(program).StartsWith("containerd-shim", StringComparison.Ordinal) && command.Contains($"{folder}/containerd/containerd.sock")),
    ];

    /// <summary>Ends each with what it runs, and waits until all have ended.</summary>
    internal async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var shim in Find())
        {
            foreach (var container in ChildrenOf(shim))
                Kill(container);
            Kill(shim);
        }

        while (Find().Count > 0)
            await Task.Delay(10, cancellationToken);
    }

    private static void Kill(int pid)
    {
        using var process = ProcessHandle.Open(pid);
        process?.Signal(SignalNames.Kill);
    }

    private static IReadOnlyList<int> ChildrenOf(int pid) => Look(
        () => (IReadOnlyList<int>)
        [
            .. Directory.GetDirectories($"/proc/{pid}/task")
                .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Select(number => int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture)),
        ],
        []);

    private static string[] Command(int pid) => Look(() => File.ReadAllText($"/proc/{pid}/cmdline"), "").Split('\0');

    private static T Look<T>(Func<T> look, T ended)
    {
        try
        {
            return look();
        }
        catch (IOException)
        {
            return ended;
        }
    }
}
