using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>What must fit together between the services of an app.</summary>
internal static class ServiceSetChecks
{
    public static void Run(Manifest manifest, ReadContext context)
    {
        CheckPorts(manifest, context);
        CheckDependencies(manifest, context);
        CheckSharedVolumes(manifest, context);
        foreach (var service in manifest.Services.Where(s => RunsOnHostRoot(manifest, s)))
            CheckHostRoot(manifest, service, context);
    }

    /// <summary>The service that the gateway reaches, or null.</summary>
    public static string? Entry(Manifest manifest, ReadContext context)
    {
        if (manifest.Entry is { } entry)
        {
            if (manifest.FindService(entry) is not { } service)
                context.Report("entry", $"There is no service '{entry}'.{Nearest.Hint(entry, manifest.Services.Select(s => s.Name))}");
            else if (service.Ports.FirstOrDefault()?.SpeaksHttp() != true && !context.IsBroken(PathText.Key(PathOf(service), "ports")))
                context.Report("entry", $"The first port of '{entry}' is not an http port, and the gateway reaches no other.");
            return entry;
        }
        if (context.IsWritten("entry"))
            return null;
        var candidates = manifest.Services.Where(s => s.Ports.FirstOrDefault()?.SpeaksHttp() == true).Select(s => s.Name).ToList();
        if (candidates.Count > 1)
            context.ReportKey("services", $"Several services have an http port first: {string.Join(", ", candidates)}. Say which one the gateway reaches, for example 'entry: {candidates[0]}', and mark ports that speak something else as NUMBER/tcp.");
        return candidates.Count == 1 ? candidates[0] : null;
    }

    private static string PathOf(ServiceDefinition service) => PathText.Key("services", service.Name);

    private static bool RunsOnHostRoot(Manifest manifest, ServiceDefinition service) =>
        service.Run is { Root: RootKind.Host } || (service.Run is null && service.Image is null && manifest.Build?.Dockerfile is null);

    private static void CheckPorts(Manifest manifest, ReadContext context)
    {
        var owners = new Dictionary<int, string>();
        foreach (var service in manifest.Services)
        {
            var path = PathText.Key(PathOf(service), "ports");
            foreach (var (index, port) in service.Ports.Index().Where(p => p.Item.Number > 0))
            {
                if (owners.TryAdd(port.Number, service.Name))
                    continue;
                var owner = owners[port.Number];
                context.Report(context.ItemPath(path, index), owner == service.Name
                    ? $"Port {port.Number} is here twice."
                    : $"Port {port.Number} belongs to the service '{owner}'; all services of an instance share one network.");
            }
        }
    }

    private static void CheckDependencies(Manifest manifest, ReadContext context)
    {
        foreach (var service in manifest.Services)
        {
            var path = PathText.Key(PathOf(service), "dependsOn");
            foreach (var (index, name) in service.DependsOn.Index())
            {
                var at = context.ItemPath(path, index);
                if (name == service.Name)
                    context.Report(at, "A service cannot wait for itself.");
                else if (manifest.FindService(name) is null)
                    context.Report(at, $"There is no service '{name}'.{Nearest.Hint(name, manifest.Services.Select(s => s.Name))}");
                else if (service.DependsOn.Take(index).Contains(name, StringComparer.Ordinal))
                    context.Report(at, $"'{name}' is here twice.");
            }
        }
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var service in manifest.Services)
            FindCircle(manifest, service, [], known, context);
    }

    private static void FindCircle(Manifest manifest, ServiceDefinition service, List<string> trail, HashSet<string> known, ReadContext context)
    {
        if (trail.IndexOf(service.Name) is var start and >= 0)
        {
            var circle = string.Join(" → ", trail[start..].Append(service.Name));
            if (trail.Count - start > 1)
                context.ReportKey(PathText.Key(PathText.Key("services", trail[start]), "dependsOn"), $"Services wait for each other in a circle: {circle}.");
            return;
        }
        if (!known.Add(service.Name))
            return;
        trail.Add(service.Name);
        foreach (var next in service.DependsOn.Select(manifest.FindService).OfType<ServiceDefinition>())
            FindCircle(manifest, next, trail, known, context);
        trail.RemoveAt(trail.Count - 1);
    }

    private static void CheckSharedVolumes(Manifest manifest, ReadContext context)
    {
        var first = new Dictionary<string, (string Service, long? Size)>(StringComparer.Ordinal);
        foreach (var service in manifest.Services)
        {
            foreach (var volume in service.Volumes)
            {
                if (!first.TryAdd(volume.Name, (service.Name, volume.Size)) && first[volume.Name] is var (owner, size) && size != volume.Size)
                    context.Report(PathText.Key(PathText.Key(PathOf(service), "volumes"), volume.Name), $"The volume '{volume.Name}' is shared with the service '{owner}', which gives it another size. Say the same in both.");
            }
        }
    }

    private static void CheckHostRoot(Manifest manifest, ServiceDefinition service, ReadContext context)
    {
        var path = PathOf(service);
        if (service.Command.Count == 0 && !context.IsBroken(path))
            context.Report(path, "'command' is missing: the service has no image that could bring one.");
        foreach (var volume in service.Volumes.Where(v => PathValues.IsSystem(v.Path)))
            context.Report(PathText.Key(PathText.Key(path, "volumes"), volume.Name), SystemMessage(volume.Path));
        foreach (var file in service.Files.Where(f => PathValues.IsSystem(f.Path)))
            context.ReportKey(PathText.Key(PathText.Key(path, "files"), file.Path), SystemMessage(file.Path));
    }

    private static string SystemMessage(string path) =>
        $"{path} is the host's own, read-only, since the service runs on the host's programs. Use another place, such as /data or /etc/NAME.";
}
