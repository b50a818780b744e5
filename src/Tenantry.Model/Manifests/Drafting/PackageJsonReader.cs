using System.Globalization;
using System.Text.Json;

namespace Tenantry.Model.Manifests.Drafting;

/// <summary>Takes from a package.json how a Node.js app is installed and started.</summary>
internal static class PackageJsonReader
{
    private const int UsualPort = 3000;

    /// <summary>Name and version alone.</summary>
    public static void ApplyName(string text, Draft draft)
    {
        using var json = Parse(text, draft);
        if (json is null)
            return;
        draft.Name ??= Text(json.RootElement, "name")?.Split('/')[^1];
        draft.Version ??= Text(json.RootElement, "version");
    }

    /// <summary>A build and a service, for a folder without Dockerfile and Compose file.</summary>
    public static void ApplyService(string text, Draft draft, IReadOnlyCollection<string> files)
    {
        using var json = Parse(text, draft);
        if (json is null)
            return;
        var package = json.RootElement;
        var install = files.Contains("package-lock.json", StringComparer.Ordinal) ? "npm ci" : "npm install";
        var builds = Text(Child(package, "scripts"), "build") is not null;
        draft.BuildCommand = builds ? $"{install}\nnpm run build\nnpm prune --omit=dev\n" : $"{install} --omit=dev";
        draft.Inputs.AddRange(["**", "!node_modules/**", "!.git/**"]);
        draft.Services.Add(Service(package, files, draft));
    }

    private static DraftService Service(JsonElement package, IReadOnlyCollection<string> files, Draft draft)
    {
        var service = new DraftService("web") { IsBuilt = true, WorkingDirectory = RunDefinition.BuildMount };
        var main = Text(package, "main") ?? (files.Contains("server.js", StringComparer.Ordinal) ? "server.js" : "index.js");
        service.Command = Text(Child(package, "scripts"), "start") is { } start ? Start(start) : ["node", main];
        service.Ports.Add(new DraftPort(UsualPort, IsPublished: true));
        service.Env["PORT"] = UsualPort.ToString(CultureInfo.InvariantCulture);
        service.Env["NODE_ENV"] = "production";
        draft.Notes.Add($"Port {UsualPort} is a guess; the app is told by the variable PORT.");
        if (Text(Child(package, "engines"), "node") is { } node)
            draft.Notes.Add($"package.json asks for node {node}. If the host's is another one, add the npm package 'node' to the dependencies and start /app/node_modules/node/bin/node.");
        return service;
    }

    // A start script finds the tools of its own dependencies first, as under npm.
    private static List<string> Start(string script) =>
        CommandText.Split(script) is { Problem: null, Words: ["node", ..] } split
            ? [.. split.Words]
            : ["/bin/sh", "-c", $"PATH=/app/node_modules/.bin:$PATH; {(script.AsSpan().ContainsAny("&|;") ? "" : "exec ")}{script}"];

    private static JsonDocument? Parse(string text, Draft draft)
    {
        try
        {
            var json = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                return json;
            json.Dispose();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            draft.Notes.Add($"package.json could not be read: {e.Message}");
        }
        return null;
    }

    private static JsonElement Child(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var child) ? child : default;

    private static string? Text(JsonElement element, string name) =>
        Child(element, name) is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 } value ? value : null;
}
