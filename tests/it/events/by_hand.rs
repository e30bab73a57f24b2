//! Rights to empty event tables are a server's: a file gives none.

mod on_files {
    use super::super::pair;
    use crate::program::Bench;

    /// Nobody is given rights on a file, and none can lack.
    #[test]
    fn rights_are_not_applicable() {
        let (pair, _) = pair();
        let bench = Bench::new(&pair, 7);
        bench.plan(&bench.usual_plan().text());
        let said = bench.osferry(&["rights", "plan.toml", "--decide", "recommended"]);
        assert_eq!(said.code, Some(2), "{}", said.all());
        assert!(said.err.contains("nobody is given rights there"), "{}", said.all());
        assert!(!bench.folder.path().join("events-away.sql").exists());
    }
}
