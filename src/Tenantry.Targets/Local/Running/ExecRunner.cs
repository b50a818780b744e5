using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Running;

/// <summary>Runs commands inside running services: with their user, variables, limits, namespaces and filter.</summary>
internal sealed class ExecRunner(LocalHost host, Launcher launcher)
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(10);
    private long _last;

    /// <summary>Runs it to its end; nothing that it started is left afterwards. Gives its exit code.</summary>
    internal async Task<int> RunAsync(InstancePaths paths, ServiceFile service, IReadOnlyList<string> command, Stream? input, ChildProcess.Sink output, ChildProcess.Sink error, CancellationToken cancellationToken)
    {
        var own = paths.Service(service.Name);
        var resource = new ResourceName("service", service.Name);
        if (ServiceState.Read(own)?.IsAlive != true)
            throw new TargetException("It does not run.", retryable: true, resource);
        var cgroup = host.CgroupOf(paths.Id);
        if (cgroup.IsFrozen)
            throw new TargetException("It is frozen.", retryable: true, resource);
        var name = string.Create(CultureInfo.InvariantCulture, $"exec-{Environment.ProcessId}-{Interlocked.Increment(ref _last)}");
        var processFile = Path.Combine(own.Bundle, $"{name}.json");
        var log = Path.Combine(own.Bundle, $"{name}.log");
        try
        {
            var process = OciConfig.ProcessOf(await File.ReadAllBytesAsync(own.Config, cancellationToken)) with { Args = command };
            AtomicFile.Write(processFile, OciConfig.ToJson(process), durable: false);
            var line = LocalCommands.Exec(service.Runtime, Launcher.ProgramOf(service.Runtime), host.Paths.RuntimeState, own.ContainerId, processFile, log);
            var child = new ChildCommand(line[0], [.. line.Skip(1)]) { Input = input, OnlyThisEnvironment = true, Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" } };
            var code = await ChildProcess.RunAsync(child, Start, output, error, Place, cancellationToken);
            if (code == 0 || !File.Exists(log) || await File.ReadAllTextAsync(log, cancellationToken) is not { Length: > 0 } said)
                return code;
            if (LocalErrors.NoProgram(service.Name, said) is not { } sentence)
                throw LocalErrors.OfExec(service.Name, said);
            await error(Encoding.UTF8.GetBytes(sentence + "\n"), cancellationToken);
            return ExecRequest.NoProgram;
        }
        finally
        {
            await cgroup.KillAsync(Path.Combine(service.Name, name), host.Time, KillPatience, CancellationToken.None);
            OrphanReaper.ReapInside();
            cgroup.RemoveApart(service.Name, name);
            File.Delete(processFile);
            File.Delete(log);
        }

        Process Start(ChildCommand child) => launcher.Apart(service.Runtime, () => ChildProcess.Start(child));

        // It is as likely to be ended for memory as the service itself.
        void Place(Process process)
        {
            if (host.Machine.OomScore is { } score)
                File.WriteAllText($"/proc/{process.Id}/oom_score_adj", score.ToString(CultureInfo.InvariantCulture));
            process.StandardInput.BaseStream.Write(LocalCommands.Go(cgroup.AdmitApart(service.Name, name, process.Id)));
            process.StandardInput.BaseStream.Flush();
        }
    }
}
