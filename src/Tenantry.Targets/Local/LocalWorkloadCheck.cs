using System.Text.RegularExpressions;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;
using Tenantry.Targets.Local.Networks;

namespace Tenantry.Targets.Local;

/// <summary>Finds everything in a workload that this target cannot run.</summary>
internal static partial class LocalWorkloadCheck
{
    // What gVisor's own kernel takes before the app begins, seen with release 20240729: about 60 threads and 40 MB.
    private const int LeastPidsOfRunsc = 128;
    private const long LeastMemoryOfRunsc = 128 << 20;

    /// <summary>Throws a terminal <see cref="TargetException"/> that names all of it.</summary>
    internal static void Refuse(InstanceWorkload workload)
    {
        var mistakes = Mistakes(workload).ToList();
        if (mistakes.Count > 0)
            throw new TargetException($"A local target cannot run this: {string.Join("; ", mistakes)}.", retryable: false);
    }

    private static IEnumerable<string> Mistakes(InstanceWorkload workload)
    {
        if (workload.Limits.Runtime.Length > 0 && LocalTargetOptions.RuntimeNamed(workload.Limits.Runtime) is null)
            yield return $"there is no runtime {workload.Limits.Runtime} (crun, runc, runsc)";
        if (LocalTargetOptions.RuntimeNamed(workload.Limits.Runtime) == LocalRuntime.Runsc && (workload.Limits.Pids < LeastPidsOfRunsc || workload.Limits.MemoryBytes < LeastMemoryOfRunsc))
            yield return $"runtime runsc needs a tier of at least {LeastPidsOfRunsc} pids and {LeastMemoryOfRunsc >> 20} MiB of memory, for its own kernel";
        if (workload.Services.Count == 0)
            yield return "it has no service";
        if (workload.Release.Build is { Command.Count: 0, Dockerfile: not null })
            yield return "its build is a Dockerfile, which needs a container engine; give build.command as well";
        foreach (var rule in workload.Egress.Allow.Where(EgressTargets.IsIpv6))
            yield return $"its egress list has {rule}, which is IPv6 and is not let out";
        foreach (var name in workload.Secrets.Keys.Where(name => !FileName().IsMatch(name)))
            yield return $"secret {name} has a name that cannot be a file's";
        foreach (var same in workload.Services.GroupBy(service => service.Name, StringComparer.Ordinal).Where(same => same.Skip(1).Any()))
            yield return $"there are two services {same.Key}";
        foreach (var mistake in workload.Services.SelectMany(service => Mistakes(service, workload.Release.Build is not null)))
            yield return mistake;
    }

    private static IEnumerable<string> Mistakes(ServiceWorkload service, bool hasBuild)
    {
        var name = $"service {service.Name}";
        if (!Name().IsMatch(service.Name))
            yield return $"{name} has a name that cannot be a folder's";
        if (service.Root.Kind == RootKind.Host && service.Command.Count == 0)
            yield return $"{name} has no command";
        if (SignalNames.NumberOf(service.StopSignal) is null)
            yield return $"{name} has a stop signal {service.StopSignal} that is none";
        if (!service.Root.StaysInside())
            yield return $"{name} has a root file system at {service.Root.Path}, which is not in its release: a path relative to the manifest is expected";
        if (service.Root.Kind != RootKind.Host && service.Root.Path.Length == 0 && !hasBuild)
            yield return $"{name} has no root file system (and no image can be pulled here)";
        var user = MistakeIn(service.User);
        if (user is not null)
            yield return $"{name}: {user}";
        foreach (var volume in service.Volumes.Where(volume => !Name().IsMatch(volume.Name)))
            yield return $"{name} has a volume {volume.Name} whose name cannot be a folder's";
        foreach (var path in service.Volumes.Select(volume => volume.Path).Concat(service.Files.Select(file => file.Path)).Where(path => !IsPlace(path)))
            yield return $"{name} has a path {path} that is not absolute, or lies where the target's own things are";
        foreach (var path in service.Volumes.Select(volume => volume.Path).Concat(service.Files.Select(file => file.Path)).GroupBy(path => path, StringComparer.Ordinal).Where(same => same.Skip(1).Any()))
            yield return $"{name} has two things at {path.Key}";
        if (service.Health is { HttpPath: null, Command: null or { Count: 0 }, Port: null })
            yield return $"{name} has a health check that asks for nothing";
    }

    /// <summary>Why nobody can be that user here; null when somebody can.</summary>
    internal static string? MistakeIn(string user)
    {
        try
        {
            LocalBundle.UserOf(user);
            return null;
        }
        catch (TargetException error)
        {
            return error.Message.TrimEnd('.');
        }
    }

    private static bool IsPlace(string path)
    {
        var parts = path.Split('/');
        return path.Length > 1 && path[0] == '/' && !path.EndsWith('/') && parts.Skip(1).All(part => part is not ("" or "." or ".."))
            && parts[1] is not ("proc" or "sys" or "dev" or "app") && path != "/run" && path != LocalBundle.SecretsFolder && !path.StartsWith(LocalBundle.SecretsFolder + "/", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Name();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}\z", RegexOptions.NonBacktracking)]
    private static partial Regex FileName();
}
