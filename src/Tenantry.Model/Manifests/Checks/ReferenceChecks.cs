using Tenantry.Model.Manifests.Shapes;

namespace Tenantry.Model.Manifests.Checks;

/// <summary>That every reference in environment values and templates names something.</summary>
internal static class ReferenceChecks
{
    public static void Run(Manifest manifest, ReadContext context)
    {
        foreach (var service in manifest.Services)
        {
            var path = PathText.Key("services", service.Name);
            foreach (var (name, value) in service.Env)
                Check(manifest, value, PathText.Key(PathText.Key(path, "env"), name), context);
            foreach (var file in service.Files.Where(f => f.Template is not null))
                Check(manifest, file.Template!, PathText.Key(PathText.Key(PathText.Key(path, "files"), file.Path), "template"), context);
        }
        foreach (var (name, value) in manifest.Build?.Env ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            foreach (var (number, _) in References.In(value).Index().Where(r => References.IsKnownKind(r.Item)))
                context.ReportReference(PathText.Key("build.env", name), number, "A build knows no tenant and no secret: its output is the same for all. Use env of a service.");
        }
    }

    /// <summary>What is wrong with a reference, or null.</summary>
    public static string? Problem(Manifest manifest, Reference reference)
    {
        if (!reference.IsClosed)
            return "'${' is never closed. Write $${ if the text itself is meant.";
        return reference.Name.Split('.') switch
        {
            _ when References.Fixed.ContainsKey(reference.Name) => null,
            ["feature", var name] => manifest.FindFeature(name) is null ? Undeclared("feature", name, manifest.Features.Select(f => f.Name)) : null,
            ["secret", var name] => manifest.FindSecret(name) is null ? Undeclared("secret", name, manifest.Secrets.Select(s => s.Name)) : null,
            ["service", var name, ("host" or "port") and var what] => manifest.FindService(name) switch
            {
                null => $"There is no service '{name}'.{Nearest.Hint(name, manifest.Services.Select(s => s.Name))}",
                { Ports.Count: 0 } when what == "port" => $"The service '{name}' has no ports.",
                _ => null,
            },
            _ => Unknown(manifest, reference.Name),
        };
    }

    private static void Check(Manifest manifest, string text, string path, ReadContext context)
    {
        foreach (var (number, reference) in References.In(text).Index())
        {
            if (Problem(manifest, reference) is { } problem)
                context.ReportReference(path, number, problem);
        }
    }

    private static string Undeclared(string kind, string name, IEnumerable<string> known) =>
        $"'{name}' is not declared under {kind}s.{Nearest.Hint(name, known)}";

    private static string Unknown(Manifest manifest, string name)
    {
        var known = References.Fixed.Keys
            .Concat(manifest.Features.Select(f => $"feature.{f.Name}"))
            .Concat(manifest.Secrets.Select(s => $"secret.{s.Name}"))
            .Concat(manifest.Services.SelectMany(s => (string[])[$"service.{s.Name}.host", $"service.{s.Name}.port"]));
        var near = Nearest.To(name, known) is { } word ? $" Did you mean ${{{word}}}?" : "";
        return $"${{{name}}} names nothing.{near} Write $${{{name}}} if the text itself is meant. Known: {string.Join(", ", References.Fixed.Keys.Concat(References.Families.Keys))}.";
    }
}
