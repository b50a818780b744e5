using System.Text.Json.Nodes;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>Programs with their arguments.</summary>
internal static class Commands
{
    private static readonly ListShape<string> Words = new(
        Values.Checked("text", "string or number or boolean", null, Problem), "program and arguments", minimum: 1);

    /// <summary>A list, or one line that is split into words without a shell.</summary>
    public static Shape<IReadOnlyList<string>> Plain { get; } = new ChoiceShape<IReadOnlyList<string>>(
        text: Line("a command such as node server.js", text => CommandText.Split(text) switch
        {
            (_, { } problem) => Parsed<IReadOnlyList<string>>.Wrong(problem),
            ({ Count: 0 }, _) => Parsed<IReadOnlyList<string>>.Wrong("The command is empty."),
            var (words, _) => Parsed<IReadOnlyList<string>>.Ok(words),
        }),
        list: Words);

    /// <summary>A list, or text that a shell runs and that ends at its first failure.</summary>
    public static Shape<IReadOnlyList<string>> Shell { get; } = new ChoiceShape<IReadOnlyList<string>>(
        text: Line("shell text such as npm ci --omit=dev", text => text.Trim().Length == 0
            ? Parsed<IReadOnlyList<string>>.Wrong("The command is empty.")
            : Parsed<IReadOnlyList<string>>.Ok(["/bin/sh", "-ec", text])),
        list: Words);

    private static TextShape<IReadOnlyList<string>> Line(string allowed, Func<string, Parsed<IReadOnlyList<string>>> parse) => new(
        allowed, t => Problem(t.Text) is { } problem ? Parsed<IReadOnlyList<string>>.Wrong(problem) : parse(t.Text),
        () => new JsonObject { ["type"] = "string" }, _ => null);

    // A secret must never come to stand in a command line, where every process could read it.
    private static string? Problem(string text) =>
        text.Contains('\0', StringComparison.Ordinal) ? "A zero byte is not allowed in a command."
        : References.In(text).FirstOrDefault(References.IsKnownKind) is { } reference ? $"References are not expanded in a command. Put ${{{reference.Name}}} into env or a file, and let the program read it there."
        : null;
}
