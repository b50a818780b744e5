using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using Tenantry.Cli.Running;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>Where a command writes: results to standard output, everything else that people read beside them.</summary>
internal sealed class Output
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private const int UsualWidth = 80;
    private const int UsualHeight = 24;
    private const int NarrowestWidth = 20;
    private const int LeastHeight = 4;
    private readonly CliHost _host;
    private IAnsiConsole? _console;

    public Output(CliHost host, bool json)
    {
        _host = host;
        Json = json;
    }

    /// <summary>True when standard output is for programs.</summary>
    public bool Json { get; }

    /// <summary>Where people read.</summary>
    public TextWriter Text => Json ? _host.Error : _host.Out;

    /// <summary>True when people read on a terminal, so that lines may be drawn over.</summary>
    public bool IsTerminal => Json ? _host.ErrorIsTerminal : _host.OutputIsTerminal;

    /// <summary>True when that terminal knows how to move its cursor.</summary>
    public bool CanDrawOver => IsTerminal && _host.Variable("TERM") is not (null or "dumb");

    /// <summary>True when people read on a terminal and want colours.</summary>
    public bool HasColors => CanDrawOver && _host.Variable("NO_COLOR") is null;

    /// <summary>The terminal's width and height in cells, as they are now.</summary>
    public (int Width, int Height) Size
    {
        get
        {
            var (width, height) = _host.TerminalSize();
            return (width > 0 ? Math.Max(NarrowestWidth, width) : UsualWidth, height > 0 ? Math.Max(LeastHeight, height) : UsualHeight);
        }
    }

    /// <summary>True when a person can be asked.</summary>
    public bool CanAsk => _host.InputIsTerminal && _host.ErrorIsTerminal;

    /// <summary>A terminal's width and colours. Without a terminal: no colours, and lines of any length.</summary>
    public IAnsiConsole Console => _console ??= MakeConsole(Text, IsTerminal);

    public void Line(string text = "") => Text.WriteLine(Words.Printable(text));

    /// <summary>A line to standard error, for people, whatever the result is for.</summary>
    public void Note(string text) => _host.Error.WriteLine(Words.Printable(text));

    /// <summary>Writes a result for programs.</summary>
    public void Value<T>(T value) => Document(writer => Write(writer, value));

    /// <summary>Writes a list for programs: always an array, also when it is empty.</summary>
    public void Array<T>(IEnumerable<T> items) => Document(writer =>
    {
        writer.WriteStartArray();
        foreach (var item in items)
            Write(writer, item);
        writer.WriteEndArray();
    });

    /// <summary>Says why a list is empty: to programs with an empty array.</summary>
    public void Nothing(string why)
    {
        if (Json)
            Array<string>([]);
        else
            Line(why);
    }

    /// <summary>Writes one line of a stream for programs.</summary>
    public void StreamValue<T>(T value)
    {
        _host.Out.WriteLine(JsonSerializer.Serialize(value, Info<T>()));
        _host.Out.Flush();
    }

    /// <summary>Writes a document that <paramref name="write"/> makes.</summary>
    public void Document(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
            write(writer);
        _host.Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    /// <summary>Writes a value that crosses the wire into a larger document.</summary>
    public static void Write<T>(Utf8JsonWriter writer, T value) => JsonSerializer.Serialize(writer, value, Info<T>());

    /// <summary>Writes a member that is a list of texts.</summary>
    public static void Texts(Utf8JsonWriter writer, string name, IEnumerable<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (var text in texts)
            writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    /// <summary>Writes a member of a larger document; null stays null.</summary>
    public static void Member<T>(Utf8JsonWriter writer, string name, T? value)
        where T : class
    {
        writer.WritePropertyName(name);
        if (value is null)
            writer.WriteNullValue();
        else
            Write(writer, value);
    }

    private static JsonTypeInfo<T> Info<T>() => (JsonTypeInfo<T>)WireJson.Options.GetTypeInfo(typeof(T));

    private IAnsiConsole MakeConsole(TextWriter writer, bool isTerminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal && _host.Variable("NO_COLOR") is null ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        console.Pipeline.Attach(new PrintableText());
        if (!isTerminal)
            console.Profile.Width = 100_000;
        return console;
    }
}
