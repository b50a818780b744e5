using System.Diagnostics;
using System.Runtime.InteropServices;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Roots;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Builds;

/// <summary>
/// Runs a build's command in a container like the one that its result will run in: the same programs, the result at the same path,
/// an ordinary user. It differs in that it may write there and uses the host's network.
/// </summary>
internal sealed class BuildRun(LocalHost host, BuildPlace place)
{
    private const int KeptLines = 30;
    private const string HomeFolder = "/home/build";
    private static readonly CgroupLimits Limits = new(long.MaxValue / 2, Environment.ProcessorCount, 1, 16_384);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(20);

    internal async Task RunAsync(BuildWorkload build, Action<string> progress, CancellationToken cancellationToken)
    {
        var cgroup = Cgroup;
        var first = host.Uids.Claim(place.Id);
        var last = new Queue<string>();
        var mask = HandedOn.MaskOf(HandedOn.OfProcess());
        try
        {
            BuildTree.Give(place.Folder, first + LocalBundle.OrdinaryUser);
            await ClearAsync(cgroup, cancellationToken);
            cgroup.Apply(Limits, ["build"]);
            var root = await WriteBundleAsync(build, first, cancellationToken);
            var code = await RunContainerAsync(cgroup, root, Keep, cancellationToken);
            if (code != 0)
                throw new TargetException($"The build ended with exit code {code}. It said last:\n{string.Join('\n', last)}", retryable: false, LocalResources.Release(build.Key));
        }
        finally
        {
            await EndAsync(CancellationToken.None);
        }

        ValueTask Keep(ChildLine line, CancellationToken token)
        {
            var text = mask.Of(line.Text);
            last.Enqueue(text);
            if (last.Count > KeptLines)
                last.Dequeue();
            progress(text);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Ends what runs of it, and gives back what it had.</summary>
    internal async Task EndAsync(CancellationToken cancellationToken)
    {
        await ClearAsync(Cgroup, cancellationToken);
        Cgroup.Remove();
        host.Uids.ReleaseAll(place.Id);
    }

    private CgroupTree Cgroup => new(host.Layout, $"{host.Options.Cgroup}/{place.Id}");

    private async Task<int> RunContainerAsync(CgroupTree cgroup, string root, Func<ChildLine, CancellationToken, ValueTask> line, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(host.Paths.RuntimeState);
        var runtime = host.Options.Runtime;
        var log = Path.Combine(place.Bundle, "runtime.log");
        var program = Launcher.ProgramOf(runtime);
        var child = new ChildCommand(program, []) { OnlyThisEnvironment = true, Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" } };
        var code = await ChildProcess.RunLinesAsync(child, start => host.Launcher.Apart(runtime, place.Bundle, root, bundle =>
        {
            var command = LocalCommands.RunToEnd(runtime, program, host.Paths.RuntimeState, bundle, place.Id, log);
            return ChildProcess.Start(start with { Program = command[0], Arguments = [.. command.Skip(1)] });
        }), line, Place, cancellationToken);
        if (code != 0 && File.Exists(log) && await File.ReadAllTextAsync(log, cancellationToken) is { Length: > 0 } said)
            throw LocalErrors.OfStart("build", said);
        return code;

        void Place(Process process)
        {
            process.StandardInput.BaseStream.Write(LocalCommands.Go(cgroup.Admit("build", process.Id)));
            process.StandardInput.BaseStream.Flush();
        }
    }

    private async Task<string> WriteBundleAsync(BuildWorkload build, uint first, CancellationToken cancellationToken)
    {
        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in HandedOn.OfProcess())
            environment[name] = value;
        foreach (var (name, value) in build.Environment)
            environment[name] = value;
        environment.TryAdd("HOME", HomeFolder);
        environment.TryAdd("CI", "true");
        var service = new ServiceWorkload { Name = "build", Command = build.Command, Env = environment, WorkingDirectory = LocalBundle.AppFolder };
        var input = new BundleInput
        {
            InstanceId = place.Id,
            Owner = host.Owner,
            Service = service,
            HostName = "build",
            FirstUid = first,
            Root = BundleRoot.Nothing,
            Volumes = [new Shown(place.Work, LocalBundle.AppFolder), new Shown(place.Home, HomeFolder), new Shown(place.Temporary, "/tmp")],
            Files = [.. ((string[])["/etc/hosts", "/etc/resolv.conf"]).Where(File.Exists).Select(path => new Shown(RootedPath.Resolve("/", path), path))],
            TmpBytes = host.Options.TmpBytes,
            OpenFiles = host.Machine.OpenFiles,
            OomScore = host.Machine.OomScore,
            Architecture = RuntimeInformation.ProcessArchitecture,
        };
        var (key, root) = await host.Roots.PrepareAsync(new RootRequest("build", service.Root, "", ""), LocalBundle.Places(input), cancellationToken);
        Directory.CreateDirectory(Path.Combine(place.Bundle, LocalBundle.RootFolder));
        AtomicFile.Write(Path.Combine(place.Bundle, "config.json"), LocalBundle.Build(input with { Root = root }).ToJson(), durable: false);
        return RootStore.PathOf(host.Paths, key);
    }

    private async Task ClearAsync(CgroupTree cgroup, CancellationToken cancellationToken)
    {
        if (!await cgroup.KillAsync(null, host.Time, KillPatience, cancellationToken))
            throw new TargetException("An earlier run of the build does not end.", retryable: true);
        var state = Path.Combine(host.Paths.RuntimeState, place.Id);
        if (Directory.Exists(state))
            Directory.Delete(state, recursive: true);
    }
}
