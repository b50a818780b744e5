using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Linux.Cgroups;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Roots;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Running;

/// <summary>Starts containers and ends them. Remembers nothing.</summary>
internal sealed partial class Launcher(LocalPaths paths, CgroupLayout layout, ExitWatch exits, TimeProvider time)
{
    private const int CloseOnExec = 0x80000;
    private const int AppendCreate = 0x80000 | 0x400 | 0x41;
    private const uint OwnerReadWrite = 0x180;
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ReapPause = TimeSpan.FromMilliseconds(50);
    private static readonly Dictionary<string, string> RuntimeEnvironment = new(StringComparer.Ordinal) { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["HOME"] = "/", ["XDG_RUNTIME_DIR"] = "/run" };

    /// <summary>
    /// Runs work with mounts of its own: without the unified hierarchy of a hybrid layout, which crun refuses.
    /// </summary>
    internal T Apart<T>(LocalRuntime runtime, Func<T> work) => LaunchThread.Run(
        () =>
        {
            HideUnified();
            if (runtime == LocalRuntime.Crun)
                return;

            // Others start in the folder of the root that they were told of when the container was made.
            Mounts.Mount("tenantry", SandboxView.Folder, "tmpfs", MountOptions.NoSetUid | MountOptions.NoDevices, "mode=0755");
            Directory.CreateDirectory(Path.Combine(SandboxView.Folder, LocalBundle.RootFolder));
        },
        work);

    /// <summary>
    /// As <see cref="Apart{T}(LocalRuntime, Func{T})"/>, with a root file system shown in its bundle, because the path from the host's root to it is closed to
    /// everybody but root. The work is told where the bundle is to be taken from.
    /// </summary>
    internal T Apart<T>(LocalRuntime runtime, string bundle, string root, Func<string, T> work) => LaunchThread.Run(
        () =>
        {
            HideUnified();
            if (runtime != LocalRuntime.Crun)
                ShowAll(bundle, root);
            else
                Mounts.Bind(root, Path.Combine(bundle, LocalBundle.RootFolder));
        },
        () => work(runtime != LocalRuntime.Crun ? SandboxView.Folder : bundle));

    /// <summary>
    /// Starts a service's container from its bundle. What is left of an earlier one is ended first. The process is in its control
    /// groups before the runtime begins, so that whoever comes after a crash finds it there. Gives its first process, held.
    /// </summary>
    internal async Task<(ProcessHandle Handle, ProcessIdentity Identity)> StartAsync(ServicePaths service, ServiceFile file, CgroupTree cgroup, uint user, uint group, CancellationToken cancellationToken)
    {
        var runtime = file.Runtime;
        await ClearAsync(service, cgroup, cancellationToken);
        // What ended while it was frozen left a group that is frozen still: nothing that comes into it would ever begin.
        cgroup.Thaw();
        File.Delete(service.PidFile);
        File.Delete(service.RuntimeLog);
        Directory.CreateDirectory(service.Instance.Logs);
        Directory.CreateDirectory(paths.RuntimeState);
        var code = await RunRuntimeAsync(service, file, cgroup, user, group, cancellationToken);
        if (code.Code != 0)
            throw LocalErrors.OfStart(service.Name, File.Exists(service.RuntimeLog) ? await File.ReadAllTextAsync(service.RuntimeLog, cancellationToken) : "");
        var pid = int.Parse(await File.ReadAllTextAsync(service.PidFile, cancellationToken), CultureInfo.InvariantCulture);
        return Hold(pid) ?? throw new TargetException("It ended before it could be looked at.", retryable: true, new ResourceName("service", service.Name));
    }

    /// <summary>Ends a service's processes: asks the first one with its signal, and kills what is left after the grace.</summary>
    internal async Task StopAsync(ServicePaths service, ServiceFile file, CgroupTree cgroup, ProcessIdentity? first, CancellationToken cancellationToken)
    {
        using var process = first is null ? null : ProcessHandle.Open(first);
        var signal = SignalNames.NumberOf(file.StopSignal) ?? SignalNames.Terminate;
        if (process is not null && file.StopGrace > TimeSpan.Zero && !SignalDisposition.IsDefault(process.Pid, signal) && process.Signal(signal))
            await EndsWithinAsync(process, file.StopGrace, cancellationToken);
        await ClearAsync(service, cgroup, cancellationToken);

        // Waits for it, so that it does not stay as this process's dead child; it ends after all others of its tree have been waited for.
        if (process is null)
            return;
        var start = time.GetTimestamp();
        do
        {
            OrphanReaper.ReapInside();
        }
        while (!await EndsWithinAsync(process, ReapPause, cancellationToken) && time.GetElapsedTime(start) < KillPatience);
    }

    /// <summary>Kills what is left of a service's container and makes the runtime forget it.</summary>
    internal async Task ClearAsync(ServicePaths service, CgroupTree cgroup, CancellationToken cancellationToken)
    {
        if (!await cgroup.KillAsync(service.Name, time, KillPatience, cancellationToken))
            throw new TargetException("Its processes do not end.", retryable: true, new ResourceName("service", service.Name));
        // With its processes gone, a container is nothing but its runtime's notes.
        if (Directory.Exists(service.RuntimeState))
            Directory.Delete(service.RuntimeState, recursive: true);
    }

    internal static string ProgramOf(LocalRuntime runtime)
    {
        var name = NameOf(runtime);
        return Programs.Find(name) ?? throw new TargetException($"The OCI runtime {name} is not installed.", retryable: false, fix: $"apt-get install -y {name}");
    }

    internal static string NameOf(LocalRuntime runtime) => runtime switch
    {
        LocalRuntime.Crun => "crun",
        LocalRuntime.Runc => "runc",
        _ => "runsc",
    };

    private void HideUnified()
    {
        if (layout.Version == CgroupVersion.Hybrid)
            Mounts.Unmount(layout.Unified!);
    }

    // Put together at one place and shown at the other in the end: a source may itself lie below that.
    private static void ShowAll(string bundle, string root)
    {
        var view = SandboxView.Of(OciConfig.Read(File.ReadAllBytes(Path.Combine(bundle, "config.json"))), root);
        var folder = Path.Combine(bundle, LocalBundle.RootFolder);
        Mounts.Mount("tenantry", folder, "tmpfs", MountOptions.NoSetUid | MountOptions.NoDevices, "mode=0755");
        foreach (var (source, name) in view.Shown)
        {
            var place = Path.Combine(folder, name);
            if (Directory.Exists(source))
                Directory.CreateDirectory(place);
            else
                File.Create(place).Dispose();
            Mounts.Bind(source, place);
        }

        File.WriteAllBytes(Path.Combine(folder, "config.json"), view.Config.ToJson());
        Mounts.BindTree(folder, SandboxView.Folder);
    }

    private async Task<ProcessExit> RunRuntimeAsync(ServicePaths service, ServiceFile file, CgroupTree cgroup, uint user, uint group, CancellationToken cancellationToken)
    {
        var runtime = file.Runtime;
        var root = RootStore.PathOf(paths, file.Root);
        var program = ProgramOf(runtime);
        using var output = OpenLog(service.Output, user, group);
        using var error = OpenLog(service.Error, user, group);
        var (gateOut, gateIn) = MakePipe();
        using (gateOut)
        using (gateIn)
        {
            var pid = Apart(runtime, service.Bundle, root, bundle => Spawn.Start(LocalCommands.Run(runtime, program, paths.RuntimeState, bundle, service), RuntimeEnvironment, gateOut, output, error));
            using var process = ProcessHandle.Open(pid) ?? throw new IOException($"Process {pid} is gone.");
            try
            {
                var go = LocalCommands.Go(cgroup.Admit(service.Name, pid));
                using var gate = new FileStream(gateIn, FileAccess.Write, bufferSize: 0);
                gate.Write(go);
            }
            catch
            {
                gateIn.Dispose();
                await exits.WaitAsync(process, CancellationToken.None);
                throw;
            }

            try
            {
                return await exits.WaitAsync(process, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                process.Signal(SignalNames.Kill);
                await exits.WaitAsync(process, CancellationToken.None);
                throw;
            }
        }
    }

    private async Task<bool> EndsWithinAsync(ProcessHandle process, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var longest = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ending = exits.WaitAsync(process, longest.Token);
        await Task.WhenAny(ending, Task.Delay(grace, time, longest.Token));
        await longest.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return ending.IsCompletedSuccessfully;
    }

    private static (ProcessHandle Handle, ProcessIdentity Identity)? Hold(int pid)
    {
        var handle = ProcessHandle.Open(pid);
        if (handle is not null && ProcessIdentity.Of(pid) is { } identity)
            return (handle, identity);
        handle?.Dispose();
        return null;
    }

    // Programs open /dev/stdout by name: the file belongs to the service's user.
    private static SafeFileHandle OpenLog(string path, uint user, uint group)
    {
        var descriptor = Libc.Open(path, AppendCreate, OwnerReadWrite);
        if (descriptor < 0)
            throw LinuxException.Last($"open {path}");
        Ownership.Give(path, user, group);
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static (SafeFileHandle Out, SafeFileHandle In) MakePipe()
    {
        Span<int> ends = stackalloc int[2];
        return Pipe(ends, CloseOnExec) == 0
            ? (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true))
            : throw LinuxException.Last("pipe");
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe(Span<int> ends, int flags);
}
