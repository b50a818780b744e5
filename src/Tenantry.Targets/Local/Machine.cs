using System.Globalization;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local;

/// <summary>What this process may hand on to what it starts: a limit above its own hard one, or a lower score, would be refused.</summary>
/// <param name="OpenFiles">Most open files of a process.</param>
/// <param name="OomScore">How much sooner than others a process is killed when the machine itself is out of memory.</param>
internal sealed record Machine(ulong OpenFiles, int OomScore)
{
    private const ulong WantedOpenFiles = 65536;
    private const int WantedOomScore = 500;

    internal static Machine Read() => From(File.ReadAllText("/proc/self/limits"), File.ReadAllText("/proc/self/oom_score_adj"));

    internal static Machine From(string limits, string oomScore)
    {
        var hard = OpenFileLimit.Read(limits) ?? WantedOpenFiles;
        var own = int.Parse(oomScore, CultureInfo.InvariantCulture);
        return new Machine(Math.Min(hard, WantedOpenFiles), Math.Max(own, WantedOomScore));
    }
}
