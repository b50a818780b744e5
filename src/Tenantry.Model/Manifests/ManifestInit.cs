using Tenantry.Model.Manifests.Drafting;

namespace Tenantry.Model.Manifests;

/// <summary>A first manifest for a person to go on with.</summary>
/// <param name="Text">The content of <c>tenantry.yaml</c>; the reader takes it without a problem.</param>
/// <param name="Sources">The files it was made from.</param>
/// <param name="Notes">What could not be carried over or was guessed, one sentence each; also in the text as comments.</param>
public sealed record ManifestDraft(string Text, IReadOnlyList<string> Sources, IReadOnlyList<string> Notes);

/// <summary>Writes a first manifest by looking at a folder: a Compose file, a Dockerfile, a package.json, or a page.</summary>
public static class ManifestInit
{
    private static readonly string[] ComposeFiles = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
    private static readonly string[] PageFolders = ["public", "www", "dist", "site", "html"];

    public static ManifestDraft Write(IFolderView folder)
    {
        var draft = new Draft();
        var sources = new List<string>();
        if (Array.Find(ComposeFiles, Has) is { } compose && ComposeReader.Apply(compose, draft, folder))
            sources.Add(compose);
        else if (Has("Dockerfile"))
            ReadDockerfile(folder, draft);
        else if (Has("package.json"))
            PackageJsonReader.ApplyService(folder.Read("package.json") ?? "", draft, folder.Files);
        if (draft.Dockerfile is not null)
            sources.Add(draft.Dockerfile);
        if (Has("package.json"))
        {
            PackageJsonReader.ApplyName(folder.Read("package.json") ?? "", draft);
            sources.Add("package.json");
        }
        if (draft.Services.Count == 0)
            AddPages(folder, draft);
        KeepPortsApart(draft);
        var notes = draft.Notes.Distinct(StringComparer.Ordinal).ToList();
        return new ManifestDraft(new DraftText(draft, folder.Name, sources, notes).ToString(), sources, notes);

        bool Has(string file) => folder.Files.Contains(file, StringComparer.Ordinal);
    }

    private static void KeepPortsApart(Draft draft)
    {
        var owners = new Dictionary<int, string>();
        foreach (var service in draft.Services)
        {
            foreach (var port in service.Ports.Where(p => !owners.TryAdd(p.Number, service.Name)).ToList())
            {
                service.Ports.Remove(port);
                draft.Notes.Add($"Port {port.Number} of the service '{service.Name}' is left out, since '{owners[port.Number]}' has it; all services of an instance share one network. Let one of them listen elsewhere.");
            }
        }
    }

    private static void ReadDockerfile(IFolderView folder, Draft draft)
    {
        draft.Dockerfile = "Dockerfile";
        var service = new DraftService("web") { IsBuilt = true };
        DockerfileReader.Apply(folder.Read("Dockerfile") ?? "", service, draft.Notes);
        draft.Services.Add(service);
    }

    private static void AddPages(IFolderView folder, Draft draft)
    {
        var pages = Array.Find(PageFolders, f => folder.Files.Contains($"{f}/index.html", StringComparer.Ordinal));
        var root = pages ?? ".";
        if (pages is null && !folder.Files.Contains("index.html", StringComparer.Ordinal))
            draft.Notes.Add("Nothing here says how the app is started; the service below serves the folder's files until you say it.");
        // What is served must not hold what nobody should read: settings, passwords, the manifest.
        draft.Inputs.AddRange(pages is null ? ["**", "!**/.*", "!tenantry.yaml"] : [$"{pages}/**"]);
        if (pages is null && folder.Files.Any(f => f.StartsWith(".well-known/", StringComparison.Ordinal)))
            draft.Inputs.Add(".well-known/**");
        var service = new DraftService("web") { IsBuilt = true, Command = ["busybox", "httpd", "-f", "-p", "127.0.0.1:8080", "-h", root == "." ? RunDefinition.BuildMount : $"{RunDefinition.BuildMount}/{root}"] };
        service.Ports.Add(new DraftPort(8080, IsPublished: true));
        draft.Services.Add(service);
    }
}
