// recipe/: the part that needs Node: recipes in files that a person wrote.
export { loadRecipe } from './recipe-file.ts';
