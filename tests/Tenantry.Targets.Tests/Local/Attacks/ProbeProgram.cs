using Tenantry.Model.Workloads;
using Tenantry.Targets.Processes;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local.Attacks;

/// <summary>A small program, made when the tests run, for what a shell cannot try. Instances see it at <c>/app/probe</c>.</summary>
internal sealed class ProbeProgram : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private ProbeProgram()
    {
    }

    internal static async Task<ProbeProgram> CompileAsync()
    {
        var program = new ProbeProgram();
        var source = Path.Combine(AppContext.BaseDirectory, "Local", "Attacks", "probe.c");
        var made = await ChildProcess.CaptureAsync(new ChildCommand("gcc", "-static", "-O1", "-Wall", "-o", program._folder.File("probe"), source), CancellationToken.None);
        made.ExitCode.ShouldBe(0, made.Error);
        return program;
    }

    internal InstanceWorkload Into(InstanceWorkload workload) => workload with
    {
        Release = new ReleaseSource("probe", _folder.Path, new BuildWorkload("probe", ["probe"], [], null, new Dictionary<string, string>(StringComparer.Ordinal), ".")),
    };

    public void Dispose() => _folder.Dispose();
}
